#include "audit/redact.h"

#include <cctype>
#include <vector>

namespace jit::audit {

namespace {

constexpr std::string_view kBlank = "'<blanked>'";
// Bodies within bodies: what lies deeper is blanked whole.
constexpr int kDeepest = 8;

enum class Type { kWord, kString, kBody, kNumber, kSymbol };

struct Token {
  Type type;
  size_t begin;
  size_t end;
  size_t content_begin;  // of strings and bodies
  size_t content_end;
};

bool IsSpace(char c) { return isspace(static_cast<unsigned char>(c)) != 0; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool StartsWord(char c) {
  return isalpha(static_cast<unsigned char>(c)) != 0 || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool ContinuesWord(char c) { return StartsWord(c) || IsDigit(c) || c == '$'; }
char Lower(char c) { return static_cast<char>(tolower(static_cast<unsigned char>(c))); }

// PostgreSQL's lexical rules, as far as it takes to tell constants from all else.
class Lexer {
 public:
  Lexer(std::string_view text, bool backslashes) : text_(text), backslashes_(backslashes) {}

  bool Next(Token* token) {
    SkipBlanks();
    if (at_ >= text_.size()) return false;
    size_t begin = at_;
    char c = text_[at_];
    *token = {Type::kSymbol, begin, begin, 0, 0};
    if (c == '\'')
      ReadString(token, backslashes_);
    else if (c == '"')
      ReadQuoted(token);
    else if (c == '$')
      ReadBody(token);
    else if (IsDigit(c) || (c == '.' && IsDigit(At(at_ + 1))))
      ReadNumber(token);
    else if (StartsWord(c))
      ReadWord(token);
    else
      at_++;
    token->begin = begin;
    token->end = at_;
    return true;
  }

 private:
  char At(size_t i) const { return i < text_.size() ? text_[i] : '\0'; }

  void SkipBlanks() {
    for (;;) {
      while (at_ < text_.size() && IsSpace(text_[at_])) at_++;
      if (At(at_) == '-' && At(at_ + 1) == '-') {
        while (at_ < text_.size() && text_[at_] != '\n' && text_[at_] != '\r') at_++;
      } else if (At(at_) == '/' && At(at_ + 1) == '*') {
        SkipComment();
      } else {
        return;
      }
    }
  }

  void SkipComment() {
    int depth = 0;
    while (at_ < text_.size()) {
      if (text_[at_] == '/' && At(at_ + 1) == '*') {
        depth++;
        at_ += 2;
      } else if (text_[at_] == '*' && At(at_ + 1) == '/') {
        depth--;
        at_ += 2;
        if (depth == 0) return;
      } else {
        at_++;
      }
    }
  }

  void ReadString(Token* token, bool escapes) {
    token->type = Type::kString;
    token->content_begin = ++at_;
    while (at_ < text_.size()) {
      if (escapes && text_[at_] == '\\' && at_ + 1 < text_.size()) {
        at_ += 2;
      } else if (text_[at_] == '\'') {
        if (At(at_ + 1) != '\'') break;
        at_ += 2;
      } else {
        at_++;
      }
    }
    token->content_end = at_;
    if (at_ < text_.size()) at_++;
  }

  void ReadQuoted(Token* token) {
    token->type = Type::kWord;
    for (at_++; at_ < text_.size() && text_[at_] != '"'; at_++) {
    }
    if (at_ < text_.size()) at_++;
  }

  void ReadBody(Token* token) {
    size_t i = at_ + 1;
    while (i < text_.size() && text_[i] != '$' && (StartsWord(text_[i]) || IsDigit(text_[i]))) i++;
    bool tag = At(i) == '$' && !IsDigit(At(at_ + 1));
    if (!tag) {
      at_++;
      while (IsDigit(At(at_))) at_++;  // a parameter
      return;
    }
    std::string_view mark = text_.substr(at_, i + 1 - at_);
    size_t close = text_.find(mark, i + 1);
    token->type = Type::kBody;
    token->content_begin = i + 1;
    token->content_end = close == std::string_view::npos ? text_.size() : close;
    at_ = close == std::string_view::npos ? text_.size() : close + mark.size();
  }

  void ReadNumber(Token* token) {
    token->type = Type::kNumber;
    while (at_ < text_.size() && (ContinuesWord(text_[at_]) || text_[at_] == '.')) {
      bool exponent = Lower(text_[at_]) == 'e' && (At(at_ + 1) == '-' || At(at_ + 1) == '+');
      at_ += exponent ? 2 : 1;
    }
  }

  void ReadWord(Token* token) {
    size_t begin = at_;
    while (at_ < text_.size() && ContinuesWord(text_[at_])) at_++;
    token->type = Type::kWord;
    // E'…', B'…', X'…', N'…', U&'…'
    char first = Lower(text_[begin]);
    if (at_ - begin == 1 && At(at_) == '\'' &&
        (first == 'e' || first == 'b' || first == 'x' || first == 'n'))
      ReadString(token, first == 'e' || (first == 'n' && backslashes_));
    else if (at_ - begin == 1 && first == 'u' && At(at_) == '&' && At(at_ + 1) == '\'') {
      at_++;
      ReadString(token, false);
    } else if (at_ - begin == 1 && first == 'u' && At(at_) == '&' && At(at_ + 1) == '"') {
      at_++;
      ReadQuoted(token);
    }
  }

  std::string_view text_;
  bool backslashes_;
  size_t at_ = 0;
};

std::vector<Token> Lex(std::string_view text, bool backslashes) {
  std::vector<Token> tokens;
  Lexer lexer(text, backslashes);
  for (Token token; lexer.Next(&token);) tokens.push_back(token);
  return tokens;
}

bool Contains(std::string_view text, std::string_view lower_word) {
  if (text.size() < lower_word.size()) return false;
  for (size_t i = 0; i + lower_word.size() <= text.size(); i++) {
    size_t j = 0;
    while (j < lower_word.size() && Lower(text[i + j]) == lower_word[j]) j++;
    if (j == lower_word.size()) return true;
  }
  return false;
}

// What a string stands for, as far as quotes are doubled or escaped.
std::string Unescaped(std::string_view content) {
  std::string out;
  for (size_t i = 0; i < content.size(); i++) {
    if ((content[i] == '\'' || content[i] == '\\') && i + 1 < content.size()) i++;
    out.push_back(content[i]);
  }
  return out;
}

class Statement {
 public:
  explicit Statement(std::string_view text) : text_(text) {}

  bool Is(const Token& token, std::string_view lower_word) const {
    if (token.type != Type::kWord || token.end - token.begin != lower_word.size()) return false;
    for (size_t i = 0; i < lower_word.size(); i++)
      if (Lower(text_[token.begin + i]) != lower_word[i]) return false;
    return true;
  }

  bool IsSymbol(const Token& token, char symbol) const {
    return token.type == Type::kSymbol && text_[token.begin] == symbol;
  }

 private:
  std::string_view text_;
};

enum class Danger { kNone, kPassword, kEveryString };

// What the statement that begins with these tokens would hold.
Danger DangerOf(const Statement& s, const std::vector<Token>& tokens, size_t i) {
  if (i + 1 >= tokens.size() || !(s.Is(tokens[i], "create") || s.Is(tokens[i], "alter")))
    return Danger::kNone;
  const Token& what = tokens[i + 1];
  if (s.Is(what, "user") && i + 2 < tokens.size() && s.Is(tokens[i + 2], "mapping"))
    return Danger::kEveryString;
  if (s.Is(what, "role") || s.Is(what, "user") || s.Is(what, "group")) return Danger::kPassword;
  if (s.Is(what, "server") || s.Is(what, "foreign") || s.Is(what, "subscription"))
    return Danger::kEveryString;
  return Danger::kNone;
}

bool HoldsStatement(std::string_view text) {
  Statement s(text);
  std::vector<Token> tokens = Lex(text, false);
  Danger danger = Danger::kNone;
  for (size_t i = 0; i < tokens.size(); i++) {
    Danger here = DangerOf(s, tokens, i);
    if (here != Danger::kNone) danger = here;
    if (danger == Danger::kPassword && s.Is(tokens[i], "password")) return true;
    if (danger == Danger::kEveryString &&
        (s.Is(tokens[i], "options") || s.Is(tokens[i], "connection")))
      return true;
  }
  return false;
}

bool IsConnectionString(std::string_view text) {
  static constexpr std::string_view kWord = "password";
  for (size_t i = 0; i + kWord.size() < text.size(); i++) {
    size_t j = 0;
    while (j < kWord.size() && Lower(text[i + j]) == kWord[j]) j++;
    if (j < kWord.size()) continue;
    size_t k = i + j;
    while (k < text.size() && IsSpace(text[k])) k++;
    if (k < text.size() && text[k] == '=') return true;
  }
  // postgresql://user:password@host
  for (std::string_view scheme : {"postgres://", "postgresql://"}) {
    size_t at = text.find(scheme);
    if (at == std::string_view::npos) continue;
    size_t host = text.find('@', at);
    size_t colon = text.find(':', at + scheme.size());
    if (host != std::string_view::npos && colon < host) return true;
  }
  return false;
}

std::string Blank(std::string_view text, bool backslashes, int depth);

// Replaces tokens of the text by other text, in order.
class Editor {
 public:
  explicit Editor(std::string_view text) : text_(text) {}
  void Replace(size_t begin, size_t end, std::string_view by) {
    out_.append(text_.substr(done_, begin - done_));
    out_.append(by);
    done_ = end;
  }
  std::string Finish() {
    out_.append(text_.substr(done_));
    return std::move(out_);
  }

 private:
  std::string_view text_;
  std::string out_;
  size_t done_ = 0;
};

std::string Blank(std::string_view text, bool backslashes, int depth) {
  Statement s(text);
  std::vector<Token> tokens = Lex(text, backslashes);
  Editor editor(text);
  Danger danger = Danger::kNone;
  bool after_password = false;
  int parentheses = 0;
  int blank_within = -1;  // strings are blanked as long as we are this deep in parentheses
  for (size_t i = 0; i < tokens.size(); i++) {
    const Token& token = tokens[i];
    if (s.IsSymbol(token, '(')) parentheses++;
    if (s.IsSymbol(token, ')') && --parentheses < blank_within) blank_within = -1;
    if (s.IsSymbol(token, ';')) {
      danger = Danger::kNone;
      blank_within = -1;
    }
    Danger here = DangerOf(s, tokens, i);
    if (here != Danger::kNone) danger = here;
    if (token.type == Type::kString) {
      std::string_view content =
          text.substr(token.content_begin, token.content_end - token.content_begin);
      // 'one string' 'on two lines'
      after_password = danger == Danger::kPassword && i > 0 &&
                       (s.Is(tokens[i - 1], "password") ||
                        (after_password && tokens[i - 1].type == Type::kString));
      bool tells = IsSecret(Unescaped(content));
      // format('ALTER ROLE %I PASSWORD %L', 'x', 'secret'): the others of the same call as well.
      if (tells && parentheses > 0 && blank_within < 0) blank_within = parentheses;
      if (tells || after_password || danger == Danger::kEveryString || blank_within >= 0)
        editor.Replace(token.begin, token.end, kBlank);
    } else if ((token.type == Type::kWord || token.type == Type::kNumber) &&
               danger == Danger::kPassword && i > 0 && s.Is(tokens[i - 1], "password") &&
               !s.Is(token, "null")) {
      editor.Replace(token.begin, token.end, kBlank);  // somebody forgot the quotes
    } else if (token.type == Type::kBody) {
      std::string_view content =
          text.substr(token.content_begin, token.content_end - token.content_begin);
      bool is_password = danger == Danger::kPassword && i > 0 && s.Is(tokens[i - 1], "password");
      if (is_password || danger == Danger::kEveryString || blank_within >= 0 || depth >= kDeepest ||
          IsConnectionString(content))
        editor.Replace(token.begin, token.end, kBlank);
      else if (MayHoldSecrets(content))
        editor.Replace(token.content_begin, token.content_end,
                       Blank(content, backslashes, depth + 1));
    }
  }
  return editor.Finish();
}

}  // namespace

bool MayHoldSecrets(std::string_view text) {
  return Contains(text, "password") || Contains(text, "options") || Contains(text, "connection") ||
         Contains(text, "postgres");
}

std::string BlankSecrets(std::string_view text, bool backslashes) {
  return Blank(text, backslashes, 0);
}

bool IsSecret(std::string_view value) {
  return MayHoldSecrets(value) && (IsConnectionString(value) || HoldsStatement(value));
}

std::string BlankConstants(std::string_view text, bool backslashes) {
  Editor editor(text);
  for (const Token& token : Lex(text, backslashes))
    if (token.type == Type::kString || token.type == Type::kBody || token.type == Type::kNumber)
      editor.Replace(token.begin, token.end, "?");
  return editor.Finish();
}

}  // namespace jit::audit
