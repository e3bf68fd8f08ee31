// docs/search-file.md explains every field that a search file may have, docs/scores.md every score.

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "common/scores/scores.h"
#include "nascent/v1/search.pb.h"

namespace nascent::spec {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

// Paths of all fields below `type`. A kind of message is walked through where it comes first: a
// recipe of the winners has the fields of a recipe.
void CollectPaths(const Descriptor& type, const std::string& prefix,
                  std::set<const Descriptor*>& seen, std::vector<std::string>& paths) {
  std::vector<std::pair<const Descriptor*, std::string>> inner;
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    std::string path = prefix + field.name();
    paths.push_back(path);
    const Descriptor* message = field.message_type();
    if (field.is_map()) {
      message = message->map_value()->message_type();
      path += ".*";
    } else if (field.is_repeated()) {
      path += "[]";
    }
    const bool ours = message != nullptr && message->full_name().starts_with("nascent.");
    if (ours && seen.insert(message).second) inner.emplace_back(message, path + ".");
  }
  for (const auto& [message, path] : inner) CollectPaths(*message, path, seen, paths);
}

TEST(SearchFileDocumentation, ExplainsEveryField) {
  std::ifstream file(NASCENT_DOCS "/search-file.md");
  ASSERT_TRUE(file) << "docs/search-file.md is not there";
  std::stringstream page;
  page << file.rdbuf();
  std::set<const Descriptor*> seen;
  std::vector<std::string> paths;
  CollectPaths(*v1::SearchSpec::descriptor(), "", seen, paths);
  EXPECT_GT(paths.size(), 80u);
  for (const std::string& path : paths) {
    EXPECT_NE(page.str().find("`" + path + "`"), std::string::npos)
        << path << " is not in docs/search-file.md";
  }
}

TEST(ScoresDocumentation, ExplainsEveryScore) {
  std::ifstream file(NASCENT_DOCS "/scores.md");
  ASSERT_TRUE(file) << "docs/scores.md is not there";
  std::stringstream page;
  page << file.rdbuf();
  for (const scores::ScoreInfo& score : scores::AllScores()) {
    const std::string row =
        "| `" + std::string(score.name) + "` | " + (score.of_data ? "yes" : "no");
    EXPECT_NE(page.str().find(row), std::string::npos) << row << " is not in docs/scores.md";
  }
}

}  // namespace
}  // namespace nascent::spec
