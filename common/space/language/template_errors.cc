#include "common/space/language/template_errors.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace nascent::space {
namespace {

// Parts of a path that an error shows at its start and at its end; the middle of a longer one is
// left out.
constexpr size_t kFirstParts = 4, kLastParts = 8;

bool IsName(std::string_view text) {
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  constexpr std::string_view kWords[] = {"if",   "else",  "and",  "or",   "not",
                                         "true", "false", "True", "False"};
  return !text.empty() && is_letter(text[0]) && std::all_of(text.begin(), text.end(), [&](char c) {
    return is_letter(c) || (c >= '0' && c <= '9');
  }) && std::find(std::begin(kWords), std::end(kWords), text) == std::end(kWords);
}

}  // namespace

DocumentNode NothingAt(int line) {
  DocumentNode node;
  node.line = line;
  return node;
}

DocumentNode WordAt(int line, std::string text) {
  DocumentNode node = NothingAt(line);
  node.kind = DocumentNode::Kind::kScalar;
  node.text = std::move(text);
  return node;
}

absl::Status TemplateErrors::Error(int line, const std::string& what) const {
  const auto begin = trail_.begin(), end = trail_.end();
  const std::string path = trail_.size() <= kFirstParts + kLastParts
                               ? absl::StrJoin(trail_, ".")
                               : absl::StrCat(absl::StrJoin(begin, begin + kFirstParts, "."),
                                              ". … .", absl::StrJoin(end - kLastParts, end, "."));
  return absl::InvalidArgumentError(
      absl::StrCat(file_, ":", line, ": ", path, path.empty() ? "" : ": ", what));
}

absl::Status TemplateErrors::Error(const DocumentNode& node, const std::string& what) const {
  return Error(node.line, what);
}

absl::StatusOr<std::string> TemplateErrors::PlainText(const DocumentNode& node) const {
  if (node.kind == DocumentNode::Kind::kScalar) return node.text;
  if (node.kind == DocumentNode::Kind::kNull) return std::string();
  return Error(node, absl::StrCat("found ", spec::Describe(node), ", a text is needed"));
}

absl::StatusOr<std::string> TemplateErrors::NameOf(const DocumentNode& node,
                                                   std::string_view what) const {
  if (node.kind == DocumentNode::Kind::kScalar && IsName(node.text)) return node.text;
  return Error(node, absl::StrCat("found ", spec::Describe(node), " as ", std::string(what),
                                  ", allowed are letters, digits and _, and no word that "
                                  "expressions use"));
}

}  // namespace nascent::space
