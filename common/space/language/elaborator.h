// Reads the blocks of a template: names, constants, repeats and named blocks are resolved,
// decisions collected. What each kind of block says stands in kinds/, one file per kind, and in the
// table of block_kinds.h. The language is described in docs/space-language.md.

#ifndef NASCENT_COMMON_SPACE_LANGUAGE_ELABORATOR_H_
#define NASCENT_COMMON_SPACE_LANGUAGE_ELABORATOR_H_

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/network/attributes.h"
#include "common/space/language/block.h"
#include "common/space/language/kinds/named.h"
#include "common/space/language/value_reader.h"

namespace nascent::space {

// The entries that stand beside a block's kind.
class BlockSettings {
 public:
  void Add(std::string_view key, const DocumentNode* value) { entries_[key] = value; }
  // Null: not written.
  const DocumentNode* Find(std::string_view key) const {
    const auto found = entries_.find(key);
    return found == entries_.end() ? nullptr : found->second;
  }
  bool empty() const { return entries_.empty(); }

 private:
  std::map<std::string_view, const DocumentNode*, std::less<>> entries_;
};

class Elaborator : public ValueReader {
 public:
  Elaborator(std::string file, bool training_parts)
      : ValueReader(std::move(file)), training_parts_(training_parts) {}

  // A block of the section `blocks`.
  void AddBlock(NamedBlock block) { blocks_.emplace(block.name, std::move(block)); }

  absl::StatusOr<Made> Make(const DocumentNode& node, const Place& place);
  // A named block or an operation with its arguments; null: none.
  absl::StatusOr<Made> MakeCalled(const DocumentNode& at, const std::string& name,
                                  const DocumentNode* arguments, const Place& place);

  // The part of the path that a block adds inside a container.
  absl::StatusOr<std::string> SegmentOf(const DocumentNode& node, const Place& place);
  // Whether a block exists in other networks only, as `only` says.
  bool IsExcluded(const DocumentNode& node) const;

  // A parameter that is computed while a network is built.
  int NewSlot() { return slots_++; }
  int slots() const { return slots_; }
  // A named value of a graph.
  int NewTensor(std::string name);
  int tensors() const { return static_cast<int>(tensor_names_.size()); }
  const std::string& TensorName(int tensor) const { return tensor_names_[tensor]; }
  void MarkRead(int tensor) { tensor_read_[tensor] = 1; }
  bool IsRead(int tensor) const { return tensor_read_[tensor] != 0; }
  // Whether a graph can hold one more value of that name.
  absl::Status CheckNewTensor(const std::string& name, int line, const Scope& scope) const;

  // Equal attributes are one object, so that inference is remembered across copies of a block.
  // `content` tells them apart.
  const network::Attributes& Intern(const std::string& content, const network::Attributes& given) {
    return interned_.try_emplace(content, given).first->second;
  }

 private:
  absl::StatusOr<Made> MakeWord(const DocumentNode& node, const Place& place);
  absl::StatusOr<Made> MakeMap(const DocumentNode& node, Place place);
  absl::StatusOr<BlockSettings> Settings(const DocumentNode& node, std::string_view kind,
                                         const std::vector<std::string>& allowed);

  const bool training_parts_;
  std::map<std::string, NamedBlock, std::less<>> blocks_;
  absl::flat_hash_map<std::string, network::Attributes> interned_;
  std::vector<std::string> tensor_names_;
  std::vector<char> tensor_read_;  // whether anything names it
  int slots_ = 0;
  int64_t steps_ = 0;
  int depth_ = 0;
};

// Every kind of block, setting beside one, common entry and domain, for the manual's test.
std::vector<std::string> LanguageWords();

}  // namespace nascent::space

#endif  // NASCENT_COMMON_SPACE_LANGUAGE_ELABORATOR_H_
