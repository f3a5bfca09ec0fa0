// The text masks of the extension, which are plain C++.

#include "mask_functions/text_masks.h"

#include <gtest/gtest.h>

#include <string>

namespace jit::mask_functions {
namespace {

int Utf8Length(const char* text) {
  unsigned char c = static_cast<unsigned char>(*text);
  return c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

Text Of(std::string_view bytes) { return {bytes, Utf8Length, false}; }

template <typename Mask>
std::string Masked(Mask mask, size_t capacity = 1000) {
  std::string buffer(capacity, '\0');
  Output out(buffer.data(), buffer.size());
  mask(&out);
  buffer.resize(out.size());
  return buffer;
}

// By counting, and by looking for where characters begin: both are to agree.
std::string PartialOf(std::string_view text, size_t prefix, size_t suffix) {
  std::string counted = Masked([&](Output* out) { Partial(Of(text), prefix, "*", suffix, out); });
  Text utf8 = {text, nullptr, true};
  std::string found = Masked([&](Output* out) { Partial(utf8, prefix, "*", suffix, out); });
  EXPECT_EQ(counted, found) << text;
  return counted;
}

TEST(TextMasks, PartialAgreesOnEveryWindow) {
  for (std::string_view text : {"", "a", "ä", "aäb", "日本語 text", "ÄÖÜ"})
    for (size_t prefix = 0; prefix < 12; prefix++)
      for (size_t suffix = 0; suffix < 12; suffix++) PartialOf(text, prefix, suffix);
}

TEST(TextMasks, PartialHidesShortValuesWhole) {
  EXPECT_EQ(PartialOf("abcdef", 2, 1), "ab*f");
  for (std::string_view text : {"", "a", "ab", "abc"}) EXPECT_EQ(PartialOf(text, 2, 1), "*");
  EXPECT_EQ(PartialOf("abcd", 2, 1), "ab*d");
}

TEST(TextMasks, PartialSumsDoNotOverflow) {
  EXPECT_EQ(PartialOf("abc", SIZE_MAX, SIZE_MAX), "*");
  EXPECT_EQ(PartialOf("abc", 1, SIZE_MAX), "*");
}

TEST(TextMasks, CharactersAreNeverCut) {
  EXPECT_EQ(PartialOf("äöü", 1, 1), "ä*ü");
  EXPECT_EQ(Masked([](Output* out) { Inner(Of("日本語"), 1, 1, "·", out); }), "日·語");
  EXPECT_EQ(Masked([](Output* out) { Outer(Of("日本語"), 1, 1, "·", out); }), "·本·");
  // A truncated last character is taken as it is.
  EXPECT_EQ(CountCharacters(Of("a\xe6\x97")), 2u);
}

TEST(TextMasks, BytesAreCharactersWithoutALengthFunction) {
  EXPECT_EQ(CountCharacters({"\xe4\xf6", nullptr, false}), 2u);
}

TEST(TextMasks, InnerAndOuterFillShortValues) {
  for (auto mask : {Inner, Outer}) {
    EXPECT_EQ(Masked([&](Output* out) { mask(Of("ab"), 1, 1, "#", out); }), "##");
    EXPECT_EQ(Masked([&](Output* out) { mask(Of(""), 1, 1, "#", out); }), "");
  }
}

TEST(TextMasks, EmailKeepsOneLetterOfSeveral) {
  auto mask = [](std::string_view text) {
    return Masked([&](Output* out) { Email(Of(text), out); });
  };
  EXPECT_EQ(mask("ada@lovelace.org"), "aXXX@XXXX.com");
  for (std::string_view text : {"a@b.c", "@b.c", "", "nothing"})
    EXPECT_EQ(mask(text), "XXXX@XXXX.com") << text;
}

TEST(TextMasks, PhoneKeepsDigitsOfLongNumbersOnly) {
  auto mask = [](std::string_view text, size_t kept) {
    return Masked([&](Output* out) { Phone(Of(text), kept, out); });
  };
  EXPECT_EQ(mask("+49 30 1234", 2), "+xx xx xx34");
  EXPECT_EQ(mask("123", 2), "xxx");
  EXPECT_EQ(mask("1234", 2), "xx34");
  EXPECT_EQ(mask("ext. 12345 Bob", 2), "xxx. xxx45 xxx");
  EXPECT_EQ(mask("123", SIZE_MAX), "xxx");
}

TEST(TextMasks, CardsAndIbansOfTheWrongLengthAreHidden) {
  auto card = [](std::string_view text) {
    return Masked([&](Output* out) { Card(Of(text), out); }, 19);
  };
  EXPECT_EQ(card("4111111111111234"), "XXXX-XXXX-XXXX-1234");
  EXPECT_EQ(card("12345678901"), "XXXX-XXXX-XXXX-XXXX");
  auto iban = [](std::string_view text) {
    return Masked([&](Output* out) { Iban(Of(text), out); }, 18);
  };
  EXPECT_EQ(iban("DE89 3704 0044 0532 0130 00"), "DEXXXXXXXXXXXX3000");
  EXPECT_EQ(iban("DE89 3704"), "XXXXXXXXXXXXXXXXXX");
  EXPECT_EQ(iban("not an iban, but long enough"), "XXXXXXXXXXXXXXXXXX");
}

TEST(TextMasks, NamesOfOneLetterAreHidden) {
  auto mask = [](std::string_view text) {
    return Masked([&](Output* out) { Name(Of(text), out); });
  };
  EXPECT_EQ(mask("Ada King Lovelace"), "A*** K*** L***");
  EXPECT_EQ(mask(" X  Yz "), "*** Y***");
  EXPECT_EQ(mask(""), "***");
}

TEST(TextMasks, OutputNeverGrowsBeyondItsBuffer) {
  std::string buffer(3, '\0');
  Output out(buffer.data(), buffer.size());
  out.Append("ab");
  out.Append("cd");
  EXPECT_EQ(out.size(), 2u);
}

}  // namespace
}  // namespace jit::mask_functions
