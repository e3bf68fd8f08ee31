#include "common/space/language/elaborator.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/space/language/block_kinds.h"
#include "common/space/language/kinds/from.h"
#include "common/space/language/kinds/named.h"
#include "common/space/language/kinds/operation.h"
#include "common/space/language/kinds/sequence.h"
#include "common/spec/suggest.h"
#include "common/status_macros.h"

namespace nascent::space {
namespace {

using Kind = DocumentNode::Kind;

constexpr int64_t kMostSteps = 250'000;
constexpr int kDeepestBlock = 200;

// Entries that stand beside every kind.
constexpr const char* kCommon[] = {"name", "only", "from", "label"};

bool IsCommon(std::string_view key) {
  return std::find(std::begin(kCommon), std::end(kCommon), key) != std::end(kCommon);
}

// The key that says what a map is: a kind, or else the one that is no setting. Null: none.
const DocumentNode::Entry* KindEntry(const DocumentNode& node) {
  for (const DocumentNode::Entry& entry : node.entries) {
    if (FindBlockKind(entry.key) != nullptr) return &entry;
  }
  for (const DocumentNode::Entry& entry : node.entries) {
    if (!IsCommon(entry.key)) return &entry;
  }
  return nullptr;
}

std::string Sanitized(std::string_view name) {
  std::string result(name);
  for (char& c : result) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '_' || c == '-' || c == '+' || c == '~';
    if (!plain) c = '_';
  }
  return result;
}

struct Deeper {
  explicit Deeper(int& depth) : depth_(++depth) {}
  ~Deeper() { --depth_; }
  int& depth_;
};

}  // namespace

std::vector<std::string> LanguageWords() {
  std::vector<std::string> words = DomainWords();
  words.insert(words.end(), {"each", "for"});
  words.insert(words.end(), std::begin(kCommon), std::end(kCommon));
  for (const BlockKind& kind : BlockKinds()) {
    words.push_back(kind.name);
    words.insert(words.end(), kind.settings.begin(), kind.settings.end());
  }
  return words;
}

int Elaborator::NewTensor(std::string name) {
  tensor_names_.push_back(std::move(name));
  tensor_read_.push_back(0);
  return tensors() - 1;
}

absl::Status Elaborator::CheckNewTensor(const std::string& name, int line,
                                        const Scope& scope) const {
  if (name.empty()) return Error(line, "an empty name");
  if (name == "earlier" || name == "unused" || name == "in") {
    return Error(line, absl::StrCat("nothing may be called \"", name, "\", it has a meaning"));
  }
  for (const auto& [known, values] : scope.tensors) {
    if (known == name) return Error(line, absl::StrCat("\"", name, "\" stands here twice"));
  }
  return absl::OkStatus();
}

bool Elaborator::IsExcluded(const DocumentNode& node) const {
  const DocumentNode* only = node.Find("only");
  if (only == nullptr) return false;
  return only->text == "supernet" || (only->text == "training" && !training_parts_);
}

absl::StatusOr<std::string> Elaborator::SegmentOf(const DocumentNode& node, const Place& place) {
  if (node.kind == Kind::kScalar) {
    absl::StatusOr<std::string> text = TextOf(node, place);
    return text.ok() ? absl::StatusOr<std::string>(Sanitized(*text)) : text;
  }
  if (node.kind == Kind::kList) return std::string("sequence");
  if (node.kind != Kind::kMap) return std::string("pass");
  if (const DocumentNode* name = node.Find("name"); name != nullptr) {
    absl::StatusOr<std::string> text = TextOf(*name, place);
    return text.ok() ? absl::StatusOr<std::string>(Sanitized(*text)) : text;
  }
  const DocumentNode::Entry* kind = KindEntry(node);
  if (kind == nullptr) return std::string("pass");
  if (kind->key == "use") return SegmentOf(*kind->value, place);
  return Sanitized(kind->key);
}

absl::StatusOr<Made> Elaborator::Make(const DocumentNode& node, const Place& place) {
  const Deeper deeper(depth_);
  if (depth_ > kDeepestBlock) {
    return Error(node, absl::StrCat("blocks nested more than ", kDeepestBlock,
                                    " deep; does a block contain itself?"));
  }
  if (++steps_ > kMostSteps) {
    return Error(node, absl::StrCat("the template describes more than ", kMostSteps, " blocks"));
  }
  switch (node.kind) {
    case Kind::kNull:
      return Made{PassBlock(), place.inputs};
    case Kind::kList:
      return MakeSequence(*this, node, place);
    case Kind::kScalar:
      return MakeWord(node, place);
    case Kind::kMap:
      break;
  }
  return MakeMap(node, place);
}

absl::StatusOr<Made> Elaborator::MakeWord(const DocumentNode& node, const Place& place) {
  NASCENT_ASSIGN_OR_RETURN(std::string name, TextOf(node, place));
  return MakeCalled(node, name, nullptr, place);
}

absl::StatusOr<Made> Elaborator::MakeMap(const DocumentNode& node, Place place) {
  if (const DocumentNode* only = node.Find("only"); only != nullptr) {
    if (only->text != "supernet" && only->text != "training" && only->text != "final") {
      return Error(*only, absl::StrCat("found only: ", spec::Describe(*only),
                                       ", allowed are supernet, training and final"));
    }
    if (IsExcluded(node)) {
      return Made{PassBlock(), place.inputs};
    }
  }
  if (const DocumentNode* label = node.Find("label"); label != nullptr) {
    NASCENT_ASSIGN_OR_RETURN(place.label, TextOf(*label, place));
  }
  const auto inner = [&](const Place& at) -> absl::StatusOr<Made> {
    const DocumentNode::Entry* kind = KindEntry(node);
    if (kind == nullptr) {
      if (node.entries.empty()) return Error(node, "an empty map is no block");
      return Made{PassBlock(), at.inputs};
    }
    const BlockKind* known = FindBlockKind(kind->key);
    NASCENT_ASSIGN_OR_RETURN(
        BlockSettings settings,
        Settings(node, kind->key, known == nullptr ? std::vector<std::string>() : known->settings));
    if (known == nullptr) return MakeCalled(node, kind->key, kind->value.get(), at);
    const Trail trail(*this, kind->key);
    return known->make(*this, {*kind->value, settings, node, at});
  };
  const DocumentNode* from = node.Find("from");
  return from == nullptr ? inner(place) : MakeFrom(*this, *from, node, place, inner);
}

absl::StatusOr<BlockSettings> Elaborator::Settings(const DocumentNode& node, std::string_view kind,
                                                   const std::vector<std::string>& allowed) {
  BlockSettings entries;
  for (const DocumentNode::Entry& entry : node.entries) {
    if (entry.key == kind || IsCommon(entry.key)) continue;
    if (std::find(allowed.begin(), allowed.end(), entry.key) == allowed.end()) {
      std::vector<std::string> all(allowed);
      all.insert(all.end(), std::begin(kCommon), std::end(kCommon));
      return Error(entry.line,
                   absl::StrCat("found \"", entry.key, "\" beside \"", std::string(kind), "\"",
                                spec::DidYouMean(entry.key, all), "; allowed are ",
                                absl::StrJoin(all, ", ")));
    }
    entries.Add(entry.key, entry.value.get());
  }
  return entries;
}

absl::StatusOr<Made> Elaborator::MakeCalled(const DocumentNode& at, const std::string& name,
                                            const DocumentNode* arguments, const Place& place) {
  if (arguments != nullptr && arguments->kind == Kind::kNull) arguments = nullptr;
  if (arguments != nullptr && arguments->kind != Kind::kMap) {
    return Error(*arguments, absl::StrCat(name, ": found ", spec::Describe(*arguments),
                                          ", its settings are a map such as {name: value}"));
  }
  const Trail trail(*this, name);
  if (const auto block = blocks_.find(name); block != blocks_.end()) {
    return MakeNamed(*this, block->second, at, arguments, place);
  }
  if (const network::Operation* operation = network::FindOperation(name)) {
    return MakeOperation(*this, *operation, at, arguments, place);
  }
  std::vector<std::string> known;
  for (const auto& [block, definition] : blocks_) known.push_back(block);
  for (const BlockKind& kind : BlockKinds()) known.push_back(kind.name);
  for (const network::Operation& operation : network::AllOperations()) {
    known.push_back(operation.name);
  }
  std::string near = spec::DidYouMean(name, known);
  if (near.empty()) near = absl::StrCat("; known are ", absl::StrJoin(known, ", "));
  return Error(at, absl::StrCat("no operation, block or kind is called \"", name, "\"", near));
}

}  // namespace nascent::space
