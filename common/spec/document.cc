#include "common/spec/document.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <map>
#include <set>
#include <sstream>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/status_macros.h"
#include "common/text/utf8.h"

namespace nascent::spec {
namespace {

// Thrown out of the parser at the first thing that is wrong, caught in ParseDocument.
struct Refused {
  int line;
  std::string what;
};

// yaml-cpp's own nodes forget nothing and limit nothing; this builds the tree from its events.
class TreeBuilder : public YAML::EventHandler {
 public:
  explicit TreeBuilder(const DocumentLimits& limits) : limits_(limits) {}

  DocumentNodePtr root() const { return root_; }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Finish(Make(DocumentNode::Kind::kNull, mark), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto target = anchors_.find(anchor);
    if (target == anchors_.end()) throw Refused{mark.line + 1, "an alias of itself"};
    Add(target->second, mark.line + 1);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    // Escapes in quotes can name one.
    if (value.find('\0') != std::string::npos) {
      throw Refused{mark.line + 1, "found a zero byte in a text"};
    }
    auto node = Make(DocumentNode::Kind::kScalar, mark);
    node->quoted = tag == "!";
    node->text = value;
    if (!node->quoted && (value == "null" || value == "~")) node->kind = DocumentNode::Kind::kNull;
    Finish(std::move(node), anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Open(Make(DocumentNode::Kind::kList, mark), anchor);
  }
  void OnSequenceEnd() override { Close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Open(Make(DocumentNode::Kind::kMap, mark), anchor);
  }
  void OnMapEnd() override { Close(); }

 private:
  struct Level {
    std::shared_ptr<DocumentNode> node;
    YAML::anchor_t anchor;
    std::set<std::string> keys;
    std::vector<DocumentNodePtr> merged;  // maps of which `<<` takes what stands in no key
    bool has_key = false;
    DocumentNode::Entry entry;
  };

  static std::shared_ptr<DocumentNode> Make(DocumentNode::Kind kind, const YAML::Mark& mark) {
    auto node = std::make_shared<DocumentNode>();
    node->kind = kind;
    node->line = mark.line + 1;
    return node;
  }

  void Open(std::shared_ptr<DocumentNode> node, YAML::anchor_t anchor) {
    if (static_cast<int>(levels_.size()) >= limits_.depth) {
      throw Refused{node->line, absl::StrCat("nested more than ", limits_.depth, " levels deep")};
    }
    levels_.push_back(
        {.node = std::move(node), .anchor = anchor, .keys = {}, .merged = {}, .entry = {}});
  }

  void Close() {
    Level level = std::move(levels_.back());
    levels_.pop_back();
    for (const DocumentNodePtr& map : level.merged) {
      for (const DocumentNode::Entry& entry : map->entries) {
        if (level.keys.insert(entry.key).second) level.node->entries.push_back(entry);
      }
    }
    Finish(std::move(level.node), level.anchor);
  }

  void Finish(std::shared_ptr<DocumentNode> node, YAML::anchor_t anchor) {
    const int line = node->line;
    DocumentNodePtr done = std::move(node);
    if (anchor != YAML::NullAnchor) anchors_[anchor] = done;
    Add(std::move(done), line);
  }

  void Add(DocumentNodePtr node, int line) {
    if (levels_.empty()) {
      root_ = std::move(node);
      return;
    }
    Level& level = levels_.back();
    level.node->size += node->size;
    if (level.node->size > limits_.nodes) {
      throw Refused{line, absl::StrCat("more than ", limits_.nodes,
                                       " values, aliases counted as what they stand for")};
    }
    if (level.node->kind == DocumentNode::Kind::kList) {
      level.node->items.push_back(std::move(node));
      return;
    }
    if (level.has_key) {
      level.has_key = false;
      if (level.entry.key == "<<") return Merge(level, *node, node);
      level.entry.value = std::move(node);
      level.node->entries.push_back(std::move(level.entry));
      return;
    }
    if (node->kind != DocumentNode::Kind::kScalar) {
      throw Refused{line,
                    absl::StrCat("a name is expected before the colon, found ", Describe(*node))};
    }
    if (!level.keys.insert(node->text).second) {
      throw Refused{line, absl::StrCat("\"", node->text, "\" stands here twice")};
    }
    level.has_key = true;
    level.entry = {.key = node->text, .line = line, .value = nullptr};
  }

  // A merge key of YAML 1.1: a map, or a list of maps of which earlier ones count.
  static void Merge(Level& level, const DocumentNode& value, const DocumentNodePtr& shared) {
    if (value.kind == DocumentNode::Kind::kMap) {
      level.merged.push_back(shared);
      return;
    }
    const bool maps = value.kind == DocumentNode::Kind::kList &&
                      std::all_of(value.items.begin(), value.items.end(), [](const auto& item) {
                        return item->kind == DocumentNode::Kind::kMap;
                      });
    if (!maps) {
      throw Refused{level.entry.line, absl::StrCat("<<: found ", Describe(value),
                                                   ", a map or a list of maps is needed")};
    }
    level.merged.insert(level.merged.end(), value.items.begin(), value.items.end());
  }

  const DocumentLimits limits_;
  DocumentNodePtr root_;
  std::vector<Level> levels_;
  std::map<YAML::anchor_t, DocumentNodePtr> anchors_;
};

absl::Status Error(std::string_view file, int line, const std::string& what) {
  return absl::InvalidArgumentError(absl::StrFormat("%s:%d: %s", file, std::max(line, 1), what));
}

}  // namespace

const DocumentNode* DocumentNode::Find(std::string_view key) const {
  for (const Entry& entry : entries) {
    if (entry.key == key) return entry.value.get();
  }
  return nullptr;
}

absl::Status CheckPlainText(std::string_view text, std::string_view file_name) {
  const size_t sound = text::SoundUtf8(text).size();
  const size_t zero = text.find('\0');
  const size_t at = std::min(zero, sound);
  if (at >= text.size()) return absl::OkStatus();
  const auto line = std::count(text.begin(), text.begin() + static_cast<ptrdiff_t>(at), '\n') + 1;
  return Error(file_name, static_cast<int>(line),
               at == zero ? std::string("found a zero byte, so this is no text")
                          : absl::StrFormat("found the byte 0x%02X, which is no UTF-8: save the "
                                            "file as UTF-8",
                                            static_cast<unsigned char>(text[at])));
}

absl::StatusOr<DocumentNodePtr> ParseDocument(std::string_view text, std::string_view file_name,
                                              const DocumentLimits& limits) {
  if (static_cast<int64_t>(text.size()) > limits.bytes) {
    return Error(
        file_name, 1,
        absl::StrCat("found ", text.size(), " bytes, at most ", limits.bytes, " are allowed"));
  }
  NASCENT_RETURN_IF_ERROR(CheckPlainText(text, file_name));
  TreeBuilder builder(limits);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    parser.HandleNextDocument(builder);
    DocumentNodePtr root = builder.root();
    if (root == nullptr) return Error(file_name, 1, "the file is empty");
    TreeBuilder second(limits);
    if (parser.HandleNextDocument(second)) {
      return Error(file_name, second.root() ? second.root()->line : 1,
                   "found a second document, one is allowed");
    }
    return root;
  } catch (const Refused& refused) {
    return Error(file_name, refused.line, refused.what);
  } catch (const YAML::Exception& error) {
    return Error(file_name, error.mark.line + 1, absl::StrCat("not YAML: ", error.msg));
  }
}

absl::StatusOr<std::string> ReadTextFile(const std::string& path, int64_t bytes) {
  std::FILE* file = path == "-" ? stdin : std::fopen(path.c_str(), "rb");
  if (file == nullptr) {
    const int error = errno;
    return absl::ErrnoToStatus(error, absl::StrCat("cannot open ", path));
  }
  std::string content;
  char buffer[1 << 16];
  size_t count = 0;
  while (static_cast<int64_t>(content.size()) <= bytes &&
         (count = std::fread(buffer, 1, sizeof(buffer), file)) > 0) {
    content.append(buffer, count);
  }
  const int error = std::ferror(file) != 0 ? errno : 0;
  if (file != stdin) std::fclose(file);
  if (error != 0) return absl::ErrnoToStatus(error, absl::StrCat("cannot read ", path));
  if (static_cast<int64_t>(content.size()) > bytes) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ":1: found more than ", bytes, " bytes, at most that many are allowed"));
  }
  return content;
}

std::string Describe(const DocumentNode& node) {
  switch (node.kind) {
    case DocumentNode::Kind::kNull:
      return "nothing";
    case DocumentNode::Kind::kList:
      return absl::StrCat("a list of ", node.items.size());
    case DocumentNode::Kind::kMap:
      return node.entries.empty() ? "an empty map"
                                  : absl::StrCat("a map with \"", node.entries[0].key, "\"");
    case DocumentNode::Kind::kScalar:
      break;
  }
  constexpr size_t kLongest = 60;
  if (node.text.size() > kLongest) {
    return absl::StrCat("\"", std::string(text::CutUtf8(node.text, kLongest)), "…\"");
  }
  return absl::StrCat("\"", node.text, "\"");
}

}  // namespace nascent::spec
