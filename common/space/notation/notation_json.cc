// JSON: {"label": value, …}.

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/space/notation/notation.h"
#include "common/spec/suggest.h"
#include "common/status_macros.h"

namespace nascent::space {
namespace {

std::string Quoted(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      absl::StrAppendFormat(&result, "\\u%04x", static_cast<unsigned char>(c));
    } else {
      result += c;
    }
  }
  return result + "\"";
}

}  // namespace

std::string PrintJson(const DecisionSpace& space, const Genotype& genotype) {
  std::string text = "{";
  for (int i = 0; i < space.size(); ++i) {
    const Value& value = genotype.values[i];
    if (std::holds_alternative<std::monostate>(value)) continue;
    const Decision& decision = space.decisions()[i];
    const std::string shown = decision.domain.Text(value);
    const bool is_text =
        decision.domain.IsList() &&
        std::holds_alternative<std::string>(decision.domain.options[std::get<int64_t>(value)]);
    absl::StrAppend(&text, text.size() > 1 ? ", " : "", Quoted(decision.label), ": ",
                    is_text ? Quoted(shown) : shown);
  }
  return text + "}";
}

absl::StatusOr<Genotype> ReadJson(const DecisionSpace& space, std::string_view text) {
  NASCENT_ASSIGN_OR_RETURN(
      spec::DocumentNodePtr root,
      spec::ParseDocument(text, "genotype",
                          {.bytes = kLongestNotation, .nodes = 200000, .depth = 4}));
  if (root->kind != spec::DocumentNode::Kind::kMap) {
    return absl::InvalidArgumentError(
        absl::StrCat("found ", spec::Describe(*root), ", a genotype is {\"label\": value, …}"));
  }
  Genotype genotype;
  genotype.values.resize(space.size());
  for (const spec::DocumentNode::Entry& entry : root->entries) {
    const std::optional<int> decision = space.Find(entry.key);
    if (!decision) {
      std::vector<std::string> labels;
      for (const Decision& d : space.decisions()) labels.push_back(d.label);
      if (labels.size() > 1000) labels.resize(1000);
      return absl::InvalidArgumentError(
          absl::StrCat("\"", entry.key.substr(0, 80), "\": no such decision",
                       spec::DidYouMean(std::string_view(entry.key).substr(0, 80), labels)));
    }
    if (entry.value->kind != spec::DocumentNode::Kind::kScalar) {
      return absl::InvalidArgumentError(absl::StrCat(
          entry.key, ": found ", spec::Describe(*entry.value), ", one value is needed"));
    }
    NASCENT_RETURN_IF_ERROR(SetByText(space, *decision, entry.value->text, genotype));
  }
  return genotype;
}

}  // namespace nascent::space
