#include "common/space/notation/notation.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/spec/suggest.h"

namespace nascent::space {
namespace {

using Make = absl::StatusOr<std::unique_ptr<const Notation>> (*)(const spec::DocumentNode&,
                                                                 const DecisionSpace&);
struct NotationKind {
  const char* name;
  Make make;
};

constexpr NotationKind kNotations[] = {
    {"pattern", MakePatternNotation},
    {"matrix", MakeMatrixNotation},
    {"cells", MakeCellsNotation},
};

}  // namespace

absl::Status NotationError(const spec::DocumentNode& at, std::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(at.line, ": notation: ", std::string(what)));
}

absl::StatusOr<std::unique_ptr<const Notation>> MakeNotation(const spec::DocumentNode& spec,
                                                             const DecisionSpace& space) {
  for (const NotationKind& kind : kNotations) {
    const spec::DocumentNode* settings = spec.Find(kind.name);
    if (settings != nullptr && spec.entries.size() == 1) return kind.make(*settings, space);
  }
  return NotationError(spec, absl::StrCat("found ", spec::Describe(spec),
                                          ", allowed is one of pattern, matrix, cells"));
}

namespace {

// Whether the text is that number in another spelling: "1.0" for 1.
bool IsSameNumber(const OptionValue& option, std::string_view text) {
  const auto* real = std::get_if<double>(&option);
  const auto* whole = std::get_if<int64_t>(&option);
  double value = 0;
  if ((real == nullptr && whole == nullptr) ||
      !absl::SimpleAtod(absl::string_view(text.data(), text.size()), &value)) {
    return false;
  }
  return value == (real != nullptr ? *real : static_cast<double>(*whole));
}

}  // namespace

absl::Status SetByText(const DecisionSpace& space, int decision, std::string_view text,
                       Genotype& genotype) {
  const Decision& d = space.decisions()[decision];
  if (d.domain.IsList()) {
    std::vector<std::string> options;
    for (size_t i = 0; i < d.domain.options.size(); ++i) {
      options.push_back(OptionText(d.domain.options[i]));
      if (options.back() == text || IsSameNumber(d.domain.options[i], text)) {
        genotype.values[decision] = static_cast<int64_t>(i);
        return absl::OkStatus();
      }
    }
    if (options.size() > 20) options.resize(20);
    return absl::InvalidArgumentError(absl::StrCat(d.label, ": found \"",
                                                   std::string(text.substr(0, 60)), "\"",
                                                   spec::DidYouMean(text.substr(0, 60), options),
                                                   "; allowed are ", absl::StrJoin(options, ", ")));
  }
  const std::string number(text.substr(0, 60));
  char* end = nullptr;
  const double value = std::strtod(number.c_str(), &end);
  Value result;
  if (!number.empty() && *end == '\0') {
    result = value;
    if (d.domain.kind == Domain::Kind::kInteger &&
        value ==
            static_cast<double>(static_cast<int64_t>(std::max(-9e15, std::min(9e15, value))))) {
      result = static_cast<int64_t>(value);
    }
  }
  if (!d.domain.Contains(result)) {
    return absl::InvalidArgumentError(
        absl::StrCat(d.label, ": found \"", number, "\", allowed are ",
                     d.domain.kind == Domain::Kind::kInteger ? "whole " : "", "numbers from ",
                     OptionText(d.domain.minimum), " to ", OptionText(d.domain.maximum)));
  }
  genotype.values[decision] = result;
  return absl::OkStatus();
}

}  // namespace nascent::space
