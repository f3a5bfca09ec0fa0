#include "mask/label_text.h"

extern "C" {
#include "parser/scansup.h"
}

namespace jit::mask {

namespace {

constexpr const char* kForms =
    "Write MASKED WITH FUNCTION expression, MASKED WITH VALUE constant, CLASSIFIED class or NOT "
    "MASKED.";

bool IsSpace(char c) { return scanner_isspace(c); }

// Moves *at behind the words, which white space separates; false, and *at unmoved, if they do not
// stand there.
bool Skip(const char** at, const char* words) {
  const char* text = *at;
  while (IsSpace(*text)) text++;
  for (; *words != '\0'; words++) {
    if (*words == ' ') {
      if (!IsSpace(*text)) return false;
      while (IsSpace(*text)) text++;
    } else {
      if (pg_toupper(static_cast<unsigned char>(*text)) != static_cast<unsigned char>(*words))
        return false;
      text++;
    }
  }
  if (*text != '\0' && !IsSpace(*text)) return false;
  while (IsSpace(*text)) text++;
  *at = text;
  return true;
}

const char* ReadClass(const char* text) {
  int length = static_cast<int>(strlen(text));
  while (length > 0 && IsSpace(text[length - 1])) length--;
  char* name = downcase_identifier(text, length, false, false);
  bool valid = *name >= 'a' && *name <= 'z';
  for (const char* c = name; *c != '\0'; c++)
    valid = valid && ((*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') || *c == '_');
  if (!valid)
    ereport(ERROR,
            (errcode(ERRCODE_SYNTAX_ERROR), errmsg("\"%s\" cannot be the name of a class", name),
             errhint("jit.mask_classes lists the classes.")));
  return name;
}

}  // namespace

Label ReadLabel(const char* text) {
  const char* at = text;
  Label label = {Form::kNotMasked, ""};
  if (Skip(&at, "MASKED WITH FUNCTION"))
    label.form = Form::kFunction;
  else if (Skip(&at, "MASKED WITH VALUE"))
    label.form = Form::kValue;
  else if (Skip(&at, "CLASSIFIED"))
    label.form = Form::kClass;
  else if (!Skip(&at, "NOT MASKED"))
    ereport(ERROR, (errcode(ERRCODE_SYNTAX_ERROR),
                    errmsg("security label \"%s\" is not a mask", text), errhint("%s", kForms)));
  if ((*at == '\0') != (label.form == Form::kNotMasked))
    ereport(ERROR, (errcode(ERRCODE_SYNTAX_ERROR),
                    errmsg("security label \"%s\" is not a mask", text), errhint("%s", kForms)));
  label.rest = label.form == Form::kClass ? ReadClass(at) : at;
  return label;
}

}  // namespace jit::mask
