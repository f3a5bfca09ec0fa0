#include "mask_functions/text_masks.h"

namespace jit::mask_functions {

namespace {

size_t LengthAt(Text text, size_t at) {
  if (text.char_length == nullptr) return 1;
  size_t length = static_cast<size_t>(text.char_length(text.bytes.data() + at));
  size_t left = text.bytes.size() - at;
  return length == 0 ? 1 : (length > left ? left : length);
}

// The byte at which character number `count` begins, or the end.
size_t OffsetOf(Text text, size_t count) {
  if (text.char_length == nullptr) return count < text.bytes.size() ? count : text.bytes.size();
  size_t at = 0;
  for (; count > 0 && at < text.bytes.size(); count--) at += LengthAt(text, at);
  return at;
}

void Fill(size_t count, std::string_view fill, Output* out) {
  for (size_t i = 0; i < count; i++) out->Append(fill);
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

bool IsOneByte(char c) { return (static_cast<unsigned char>(c) & 0x80) == 0; }

size_t CountDigits(std::string_view bytes) {
  size_t digits = 0;
  for (char c : bytes) digits += IsDigit(c) ? 1 : 0;
  return digits;
}

}  // namespace

size_t CountCharacters(Text text) {
  if (text.char_length == nullptr) return text.bytes.size();
  size_t count = 0;
  for (size_t at = 0; at < text.bytes.size(); at += LengthAt(text, at)) count++;
  return count;
}

namespace {

bool BeginsCharacter(char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }

// The first byte behind the first `count` characters; the end where there are not so many.
size_t Forward(std::string_view bytes, size_t count) {
  size_t at = 0;
  for (; count > 0 && at < bytes.size(); count--) {
    at++;
    while (at < bytes.size() && !BeginsCharacter(bytes[at])) at++;
  }
  return at;
}

// The first byte of the last `count` characters; 0 where there are not so many.
size_t Backward(std::string_view bytes, size_t count) {
  size_t at = bytes.size();
  for (; count > 0 && at > 0; count--) {
    at--;
    while (at > 0 && !BeginsCharacter(bytes[at])) at--;
  }
  return at;
}

}  // namespace

void Partial(Text text, size_t prefix, std::string_view padding, size_t suffix, Output* out) {
  if (text.utf8) {
    size_t from = Forward(text.bytes, prefix);
    size_t to = Backward(text.bytes, suffix);
    if (from < to) out->Append(text.bytes.substr(0, from));
    out->Append(padding);
    if (from < to) out->Append(text.bytes.substr(to));
    return;
  }
  size_t count = CountCharacters(text);
  // Written so that no sum overflows.
  if (prefix >= count || suffix >= count - prefix) {
    out->Append(padding);
    return;
  }
  out->Append(text.bytes.substr(0, OffsetOf(text, prefix)));
  out->Append(padding);
  out->Append(text.bytes.substr(OffsetOf(text, count - suffix)));
}

void Inner(Text text, size_t left, size_t right, std::string_view fill, Output* out) {
  size_t count = CountCharacters(text);
  if (left >= count || right >= count - left) {
    Fill(count, fill, out);
    return;
  }
  out->Append(text.bytes.substr(0, OffsetOf(text, left)));
  Fill(count - left - right, fill, out);
  out->Append(text.bytes.substr(OffsetOf(text, count - right)));
}

void Outer(Text text, size_t left, size_t right, std::string_view fill, Output* out) {
  size_t count = CountCharacters(text);
  if (left >= count || right >= count - left) {
    Fill(count, fill, out);
    return;
  }
  Fill(left, fill, out);
  size_t from = OffsetOf(text, left);
  out->Append(text.bytes.substr(from, OffsetOf(text, count - right) - from));
  Fill(right, fill, out);
}

void Email(Text text, Output* out) {
  size_t at = text.bytes.find('@');
  // With one character before the @ the first letter would be all there is.
  if (at != std::string_view::npos && at > LengthAt(text, 0))
    out->Append(text.bytes.substr(0, LengthAt(text, 0)));
  else
    out->Append('X');
  out->Append("XXX@XXXX.com");
}

void Phone(Text text, size_t kept, Output* out) {
  size_t digits = CountDigits(text.bytes);
  size_t hidden = digits / 2 >= kept ? digits - kept : digits;
  for (size_t at = 0; at < text.bytes.size(); at += LengthAt(text, at)) {
    char c = text.bytes[at];
    if (IsDigit(c)) {
      out->Append(hidden > 0 ? 'x' : c);
      if (hidden > 0) hidden--;
    } else {
      out->Append(IsLetter(c) || !IsOneByte(c) ? 'x' : c);
    }
  }
}

void Card(Text text, Output* out) {
  size_t digits = CountDigits(text.bytes);
  out->Append("XXXX-XXXX-XXXX-");
  if (digits < 12) {
    out->Append("XXXX");
    return;
  }
  size_t skip = digits - 4;
  for (char c : text.bytes) {
    if (!IsDigit(c)) continue;
    if (skip > 0)
      skip--;
    else
      out->Append(c);
  }
}

void Iban(Text text, Output* out) {
  // Country, check digits, account: what looks otherwise is something else, and hidden whole.
  size_t count = 0;
  bool plain = true;
  for (char c : text.bytes) {
    if (IsSpace(c)) continue;
    plain = plain && (count < 2 ? IsLetter(c) : IsDigit(c) || (count >= 4 && IsLetter(c)));
    count++;
  }
  if (count < 15 || count > 34 || !plain) {
    out->Append("XXXXXXXXXXXXXXXXXX");
    return;
  }
  size_t at = 0;
  for (char c : text.bytes) {
    if (IsSpace(c)) continue;
    if (at == 2) out->Append("XXXXXXXXXXXX");
    if (at < 2 || at + 4 >= count) out->Append(c);
    at++;
  }
}

void Name(Text text, Output* out) {
  bool in_word = false;
  for (size_t at = 0; at < text.bytes.size();) {
    size_t length = LengthAt(text, at);
    if (IsSpace(text.bytes[at])) {
      in_word = false;
    } else if (!in_word) {
      // A word of one character would be shown whole.
      size_t next = at + length;
      bool alone = next >= text.bytes.size() || IsSpace(text.bytes[next]);
      if (out->size() > 0) out->Append(' ');
      if (!alone) out->Append(text.bytes.substr(at, length));
      out->Append("***");
      in_word = true;
    }
    at += length;
  }
  if (out->size() == 0) out->Append("***");
}

}  // namespace jit::mask_functions
