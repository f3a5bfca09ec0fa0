// Anchors: their lines, whose they are, and what a changed chain looks like.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "core/anchor_file.h"
#include "run/anchor_file.h"

namespace jit {
namespace {

using core::Anchor;
using core::AnchorState;
using core::ChainHead;
using core::ChainPlace;
using core::CompareAnchor;

const std::string kA(64, 'a');
const std::string kB(64, 'b');

Anchor Make(std::int64_t seq, const std::string& hash = kA) {
  return {core::Instant{std::chrono::seconds{1'700'000'000}}, "shop", "shopdb", "42", {seq, hash}};
}

TEST(Anchor, a_line_reads_back) {
  const std::string line = core::FormatAnchor(Make(7));
  EXPECT_EQ(line, R"({"time":"2023-11-14T22:13:20Z","target":"shop","database":"shopdb",)"
                  R"("system":"42","seq":7,"hash":")" +
                      kA + "\"}");
  EXPECT_EQ(core::ParseAnchor(line), Make(7));
}

TEST(Anchor, a_name_cannot_break_the_line) {
  Anchor anchor = Make(1);
  anchor.database = "a\n{\"seq\":9}\xff";
  const std::string line = core::FormatAnchor(anchor);
  EXPECT_EQ(line.find('\n'), std::string::npos);
  EXPECT_TRUE(core::ParseAnchor(line));
}

TEST(Anchor, what_is_no_anchor_is_none) {
  for (const std::string& line :
       {std::string("{}"), std::string("[]"), std::string("x"), std::string(),
        core::FormatAnchor(Make(-1)), core::FormatAnchor(Make(1, "beef")),
        core::FormatAnchor(Make(1)).substr(0, 60)}) {
    EXPECT_FALSE(core::ParseAnchor(line)) << line;
  }
}

TEST(BelongsTo, the_cluster_and_the_database_decide) {
  const ChainPlace here{"shop", "shopdb", "42"};
  EXPECT_EQ(core::BelongsTo(Make(1), here), core::Belonging::kThis);
  EXPECT_EQ(core::BelongsTo(Make(1), {"", "shopdb", "42"}), core::Belonging::kThis);
  EXPECT_EQ(core::BelongsTo(Make(1), {"renamed", "shopdb", "42"}), core::Belonging::kThis);
  EXPECT_EQ(core::BelongsTo(Make(1), {"shop", "shopdb", "43"}), core::Belonging::kOtherCluster);
  EXPECT_EQ(core::BelongsTo(Make(1), {"", "other", "42"}), core::Belonging::kOther);
}

TEST(BelongsTo, without_a_cluster_the_target_decides) {
  Anchor anchor = Make(1);
  anchor.system.clear();
  EXPECT_EQ(core::BelongsTo(anchor, {"shop", "shopdb", "42"}), core::Belonging::kThis);
  EXPECT_EQ(core::BelongsTo(anchor, {"", "shopdb", "42"}), core::Belonging::kThis);
  EXPECT_EQ(core::BelongsTo(anchor, {"other", "shopdb", "42"}), core::Belonging::kOther);
}

TEST(CompareAnchor, each_state) {
  const ChainHead anchor{10, kA};
  EXPECT_EQ(CompareAnchor(anchor, kA, 12, false), AnchorState::kSame);
  EXPECT_EQ(CompareAnchor(anchor, kA, 10, false), AnchorState::kSame);
  EXPECT_EQ(CompareAnchor(anchor, kB, 12, false), AnchorState::kChanged);
  EXPECT_EQ(CompareAnchor(anchor, std::nullopt, 12, false), AnchorState::kMissing);
  EXPECT_EQ(CompareAnchor(anchor, std::nullopt, 9, false), AnchorState::kBehind);
  EXPECT_EQ(CompareAnchor(anchor, kA, 9, true), AnchorState::kBehind);
  // Cut off with its partition, in the middle or at its end.
  EXPECT_EQ(CompareAnchor(anchor, std::nullopt, 20, true), AnchorState::kCutOff);
  EXPECT_EQ(CompareAnchor(anchor, kA, 20, true), AnchorState::kSame);
  EXPECT_EQ(CompareAnchor(anchor, kB, 20, true), AnchorState::kChanged);
  // The log was empty when the anchor was taken.
  EXPECT_EQ(CompareAnchor({0, kA}, std::nullopt, 20, false), AnchorState::kSame);
}

std::string Lines(std::initializer_list<Anchor> anchors) {
  std::string text;
  for (const Anchor& anchor : anchors) text += core::FormatAnchor(anchor) + "\n";
  return text;
}

TEST(CompareAnchors, a_rewritten_chain_shows) {
  const auto file =
      core::ReadAnchors(Lines({Make(1), Make(5), Make(9, kB)}), {"shop", "shopdb", "42"}, false);
  const auto report = core::CompareAnchors(file, {20, {}, {kA, kB, std::nullopt}});
  EXPECT_EQ(report.compared, 3u);
  ASSERT_EQ(report.findings.size(), 2u);
  EXPECT_EQ(report.findings[0].line, 2u);
  EXPECT_EQ(report.findings[0].text, "the row has another hash");
  EXPECT_EQ(report.findings[1].text, "the row is missing");
}

TEST(CompareAnchors, what_left_with_a_partition_is_counted_apart) {
  const auto file =
      core::ReadAnchors(Lines({Make(4), Make(5), Make(6)}), {"", "shopdb", "42"}, false);
  const auto report = core::CompareAnchors(file, {20, {{1, 5}}, {std::nullopt, kA, std::nullopt}});
  EXPECT_EQ(report.cut_off, 1u);
  EXPECT_EQ(report.compared, 2u);
  ASSERT_EQ(report.findings.size(), 1u);
  EXPECT_EQ(report.findings[0].line, 3u);
}

TEST(CompareAnchors, lines_of_others_and_torn_ones) {
  Anchor other = Make(3);
  other.database = "else";
  Anchor clone = Make(4);
  clone.system = "43";
  const std::string text =
      Lines({Make(1), other, clone}) + "{\"time\":\"2023\n\n" + Lines({Make(2)});
  const auto file = core::ReadAnchors(text, {"", "shopdb", "42"}, false);
  EXPECT_EQ(file.lines.size(), 2u);
  EXPECT_EQ(file.lines[1].number, 6u);
  EXPECT_EQ(file.of_others, 1u);
  EXPECT_EQ(file.of_other_clusters, 1u);
  const auto report = core::CompareAnchors(file, {20, {}, {kA, kA}});
  ASSERT_EQ(report.findings.size(), 1u);
  EXPECT_EQ(report.findings[0].line, 4u);
  EXPECT_EQ(core::ReadAnchors(text, {"", "shopdb", "42"}, true).lines.size(), 3u);
}

TEST(CompareAnchors, nothing_compared_is_no_success) {
  const auto none = core::ReadAnchors("", {"", "shopdb", "42"}, false);
  EXPECT_EQ(core::CompareAnchors(none, {20, {}, {}}).findings.size(), 1u);
}

class AnchorFileTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_NE(::mkdtemp(directory_.data()), nullptr); }
  void TearDown() override {
    ::unlink(Path().c_str());
    ::rmdir(directory_.c_str());
  }
  std::string Path() const { return directory_ + "/anchors.jsonl"; }
  std::string Text() const {
    std::ostringstream text;
    text << std::ifstream(Path()).rdbuf();
    return text.str();
  }

  std::string directory_ = "/tmp/jit_anchor_test.XXXXXX";
  const ChainPlace place_{"shop", "shopdb", "42"};
};

TEST_F(AnchorFileTest, grows_by_a_line_and_is_the_owners_alone) {
  EXPECT_FALSE(run::LastAnchor(Path(), place_));
  EXPECT_EQ(run::AppendAnchor(Path(), Make(1)), "");
  EXPECT_EQ(run::AppendAnchor(Path(), Make(2, kB)), "");
  EXPECT_EQ(Text(), Lines({Make(1), Make(2, kB)}));
  struct stat state {};
  ASSERT_EQ(::stat(Path().c_str(), &state), 0);
  EXPECT_EQ(state.st_mode & 0777, 0600u);
  EXPECT_EQ(run::LastAnchor(Path(), place_), Make(2, kB));
  EXPECT_FALSE(run::LastAnchor(Path(), {"", "else", "42"}));
}

TEST_F(AnchorFileTest, a_torn_line_does_not_spoil_the_next) {
  std::ofstream(Path()) << "{\"time\":";
  EXPECT_EQ(run::AppendAnchor(Path(), Make(1)), "");
  EXPECT_EQ(Text(), "{\"time\":\n" + Lines({Make(1)}));
}

TEST_F(AnchorFileTest, what_cannot_be_written_is_said) {
  EXPECT_EQ(run::AppendAnchor("/nonexistent/anchors", Make(1)),
            "cannot open it: No such file or directory");
  EXPECT_NE(run::AppendAnchor("/dev/null", Make(1)), "");
  ASSERT_EQ(::symlink("/dev/null", Path().c_str()), 0);
  EXPECT_NE(run::AppendAnchor(Path(), Make(1)), "");
}

}  // namespace
}  // namespace jit
