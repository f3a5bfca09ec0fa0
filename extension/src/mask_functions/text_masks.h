// Masks of texts, as plain C++: no server headers, no allocation, whole characters only.

#pragma once

#include <cstddef>
#include <cstring>
#include <string_view>

namespace jit::mask_functions {

// The length in bytes of the character that a text begins with; nullptr: one byte each.
using CharLength = int (*)(const char* text);

struct Text {
  std::string_view bytes;
  CharLength char_length;
  // UTF-8 tells where characters begin from any byte: no need to count them all.
  bool utf8 = false;
};

// A buffer of the caller's; what does not fit is a mistake of the caller's sizing, and left out.
class Output {
 public:
  Output(char* data, size_t capacity) : data_(data), capacity_(capacity) {}
  void Append(std::string_view bytes) {
    if (bytes.size() > capacity_ - size_) return;
    memcpy(data_ + size_, bytes.data(), bytes.size());
    size_ += bytes.size();
  }
  void Append(char c) { Append(std::string_view(&c, 1)); }
  size_t size() const { return size_; }

 private:
  char* data_;
  size_t capacity_;
  size_t size_ = 0;
};

// How many characters.
size_t CountCharacters(Text text);

// The first `prefix` characters, `padding`, the last `suffix` ones; of a text that has no more than
// prefix + suffix characters the padding alone. Needs text + padding bytes.
void Partial(Text text, size_t prefix, std::string_view padding, size_t suffix, Output* out);

// Each character but the first `left` and the last `right` becomes `fill`; a text that has no more
// than left + right characters is filled whole. Needs text.size() * fill.size() bytes.
void Inner(Text text, size_t left, size_t right, std::string_view fill, Output* out);

// The first `left` and the last `right` characters become `fill`; a text that has no more than that
// is filled whole. Needs text.size() * fill.size() bytes.
void Outer(Text text, size_t left, size_t right, std::string_view fill, Output* out);

// The first character and XXX@XXXX.com; of a text without @, or of one with nothing before it, all
// is constant. Needs text.size() + 12 bytes.
void Email(Text text, Output* out);

// Digits but the last `kept` become x, all of them where there are fewer than twice as many; what
// is between them stays, letters become x, too. Needs text.size() bytes.
void Phone(Text text, size_t kept, Output* out);

// XXXX-XXXX-XXXX- and the last four digits; of fewer than 12 digits none. Needs 19 bytes.
void Card(Text text, Output* out);

// The country, XXXXXXXXXXXX, and the last four characters; of what does not look like an IBAN (two
// letters, two digits, 15 to 34 characters) none. Needs 18 bytes.
void Iban(Text text, Output* out);

// Of each word the first letter and ***. Needs 4 * text.size() + 3 bytes.
void Name(Text text, Output* out);

}  // namespace jit::mask_functions
