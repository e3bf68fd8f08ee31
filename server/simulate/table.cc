#include "server/simulate/table.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/spec/suggest.h"
#include "common/status_macros.h"
#include "server/strategy/sampling.h"

namespace nascent::simulate {
namespace {

using space::Decision;
using space::Domain;
using strategy::Fingerprint;

constexpr int64_t kMostEnumerated = 1000000;
// Of a number, relative: what seven or more digits leave open.
constexpr double kRounding = 1e-9;

std::optional<double> Number(const std::string& text) {
  double number = 0;
  if (!absl::SimpleAtod(text, &number)) return std::nullopt;
  return number;
}

// Python and R write their truth values otherwise: True, TRUE.
bool IsFlag(const std::string& text, bool flag) {
  return absl::EqualsIgnoreCase(text, flag ? "true" : "false");
}

bool IsOption(const space::OptionValue& option, const std::string& text) {
  if (const auto* flag = std::get_if<bool>(&option)) return IsFlag(text, *flag);
  if (const auto* word = std::get_if<std::string>(&option)) {
    // A template that says True means the word, and the table says it in its own way.
    return *word == text || (IsFlag(*word, true) && IsFlag(text, true)) ||
           (IsFlag(*word, false) && IsFlag(text, false));
  }
  const std::optional<double> number = Number(text);
  if (!number.has_value()) return false;
  if (const auto* integer = std::get_if<int64_t>(&option)) {
    return static_cast<double>(*integer) == *number;
  }
  return std::get<double>(option) == *number;
}

// Nothing when the text names no value of the domain.
std::optional<space::Value> ReadValue(const Domain& domain, const std::string& text) {
  if (domain.IsList()) {
    for (size_t i = 0; i < domain.options.size(); ++i) {
      if (IsOption(domain.options[i], text)) return static_cast<int64_t>(i);
    }
    return std::nullopt;
  }
  std::optional<double> number = Number(text);
  if (!number.has_value()) return std::nullopt;
  // What was computed or printed elsewhere may lie a rounding beside an end of the range.
  const double tolerance = kRounding * std::max(std::abs(domain.minimum), std::abs(domain.maximum));
  const double relative = domain.log ? kRounding * domain.minimum : tolerance;
  if (!(*number >= domain.minimum - relative && *number <= domain.maximum + tolerance)) {
    return std::nullopt;
  }
  if (domain.kind == Domain::Kind::kReal)
    return std::clamp(*number, domain.minimum, domain.maximum);
  if (*number != std::floor(*number)) return std::nullopt;
  return static_cast<int64_t>(*number);
}

// "8, 16" or "0.0001 to 0.1", for what is no value of a domain.
std::string Allowed(const Domain& domain) {
  constexpr size_t kMost = 12;
  if (!domain.IsList()) {
    return absl::StrCat(domain.kind == Domain::Kind::kInteger ? "whole numbers of " : "",
                        domain.minimum, " to ", domain.maximum);
  }
  std::vector<std::string> options;
  for (const space::OptionValue& option : domain.options) {
    if (options.size() == kMost) {
      options.push_back("…");
      break;
    }
    options.push_back(space::OptionText(option));
  }
  return absl::StrJoin(options, ", ");
}

bool IsMissing(absl::string_view text) {
  return text.empty() || absl::EqualsIgnoreCase(text, "nan") || absl::EqualsIgnoreCase(text, "na");
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Table>> Table::Read(std::string_view text,
                                                         std::string_view file_name,
                                                         const space::Space& space) {
  NASCENT_ASSIGN_OR_RETURN(std::vector<CsvRecord> records, ParseCsv(text, file_name));
  // Not make_shared: the constructor is private.
  std::shared_ptr<Table> table(new Table());
  table->file_name_ = std::string(file_name);
  if (records.size() < 2) {
    return table->Error(1, "found no rows, expected a header and one row per genotype");
  }
  absl::Status status = table->TakeHeader(records.front(), space.decisions());
  if (!status.ok()) return status;
  for (size_t i = 1; i < records.size(); ++i) {
    status = table->TakeRecord(records[i], static_cast<int>(i) - 1, space);
    if (!status.ok()) return status;
  }
  records.erase(records.begin());
  table->records_ = std::move(records);
  table->CollectReals(space.decisions());
  return table;
}

absl::Status Table::TakeHeader(const CsvRecord& header, const space::DecisionSpace& decisions) {
  width_ = header.fields.size();
  std::vector<std::string> fields;
  std::set<std::string> names;
  for (const std::string& field : header.fields) {
    const std::string& name = fields.emplace_back(absl::StripAsciiWhitespace(field));
    if (!names.insert(name).second) {
      return Error(header.line, absl::StrCat("found the column \"", name, "\" twice"));
    }
  }
  const auto column = [&fields](const std::string& name) {
    const auto found = std::find(fields.begin(), fields.end(), name);
    return found == fields.end() ? -1 : static_cast<int>(found - fields.begin());
  };
  std::set<int> taken;
  architecture_ = column("architecture");
  if (architecture_ >= 0) {
    taken.insert(architecture_);
  } else {
    for (const Decision& decision : decisions.decisions()) {
      decision_columns_.push_back(column(decision.label));
      if (decision_columns_.back() < 0) {
        return Error(header.line,
                     absl::StrCat("found neither a column \"architecture\" nor one for the "
                                  "decision \"",
                                  decision.label, "\"; there are ", absl::StrJoin(fields, ", "),
                                  fields.size() == 1 ? " (fields are parted by commas)" : ""));
      }
      taken.insert(decision_columns_.back());
    }
  }
  for (int i = 0; i < static_cast<int>(width_); ++i) {
    if (taken.contains(i)) continue;
    metrics_.push_back(fields[i]);
    metric_columns_.push_back(i);
  }
  return absl::OkStatus();
}

absl::Status Table::TakeRecord(const CsvRecord& record, int number, const space::Space& space) {
  if (record.fields.size() != width_) {
    return Error(record.line,
                 absl::StrCat("found ", record.fields.size(), " fields, the header has ", width_));
  }
  NASCENT_ASSIGN_OR_RETURN(space::Genotype genotype, ReadGenotype(record, space));
  const auto [at, is_new] =
      index_.emplace(Fingerprint(genotype), static_cast<int>(genotypes_.size()));
  if (is_new) {
    genotypes_.push_back(std::move(genotype));
    records_of_.emplace_back();
  }
  records_of_[static_cast<size_t>(at->second)].push_back(number);
  return absl::OkStatus();
}

absl::StatusOr<space::Genotype> Table::ReadGenotype(const CsvRecord& record,
                                                    const space::Space& space) const {
  if (architecture_ >= 0) {
    absl::StatusOr<space::Genotype> genotype = space.Read(record.fields[architecture_]);
    if (!genotype.ok()) {
      return Error(record.line,
                   absl::StrCat("architecture: ", std::string(genotype.status().message())));
    }
    return genotype;
  }
  const auto& decisions = space.decisions().decisions();
  space::Genotype genotype;
  genotype.values.resize(decisions.size());
  for (int i = 0; i < static_cast<int>(decisions.size()); ++i) {
    const std::string text(absl::StripAsciiWhitespace(record.fields[decision_columns_[i]]));
    if (!space.decisions().IsActive(genotype, i)) {
      if (text.empty()) continue;
      return Error(record.line, absl::StrCat(decisions[i].label, ": found \"", text,
                                             "\", expected nothing: it is inactive here"));
    }
    const std::optional<space::Value> value = ReadValue(decisions[i].domain, text);
    if (!value.has_value()) {
      return Error(record.line, absl::StrCat(decisions[i].label, ": found \"", text,
                                             "\", which is no value of this decision; allowed are ",
                                             Allowed(decisions[i].domain)));
    }
    genotype.values[i] = *value;
  }
  return genotype;
}

void Table::CollectReals(const space::DecisionSpace& decisions) {
  reals_.resize(decisions.decisions().size());
  for (size_t i = 0; i < reals_.size(); ++i) {
    if (decisions.decisions()[i].domain.kind != Domain::Kind::kReal) continue;
    std::set<double> values;
    for (const space::Genotype& genotype : genotypes_) {
      if (const auto* real = std::get_if<double>(&genotype.values[i])) values.insert(*real);
    }
    reals_[i].assign(values.begin(), values.end());
  }
}

space::Genotype Table::Snap(const space::Genotype& genotype) const {
  space::Genotype snapped = genotype;
  for (size_t i = 0; i < reals_.size(); ++i) {
    auto* real = std::get_if<double>(&snapped.values[i]);
    if (real == nullptr || reals_[i].empty()) continue;
    const auto above = std::lower_bound(reals_[i].begin(), reals_[i].end(), *real);
    if (above == reals_[i].end()) {
      *real = reals_[i].back();
    } else if (above == reals_[i].begin() || *above - *real < *real - *std::prev(above)) {
      *real = *above;
    } else {
      *real = *std::prev(above);
    }
  }
  return snapped;
}

absl::StatusOr<std::vector<double>> Table::Metric(const std::string& name) const {
  const auto found = std::find(metrics_.begin(), metrics_.end(), name);
  if (found == metrics_.end()) {
    return Error(1, absl::StrCat("found no column \"", name, "\"; there are ",
                                 absl::StrJoin(metrics_, ", ")));
  }
  const int column = metric_columns_[found - metrics_.begin()];
  std::vector<double> values;
  values.reserve(records_.size());
  bool any = false;
  for (const CsvRecord& record : records_) {
    const std::string& text = record.fields[static_cast<size_t>(column)];
    if (IsMissing(absl::StripAsciiWhitespace(text))) {
      values.push_back(std::nan(""));
      continue;
    }
    const std::optional<double> value = Number(text);
    if (!value.has_value() || !std::isfinite(*value)) {
      return Error(
          record.line,
          absl::StrCat(name, ": found \"", text,
                       "\", expected a finite number, or nothing where there is no result"));
    }
    any = true;
    values.push_back(*value);
  }
  if (!any) return Error(1, absl::StrCat(name, ": found no result in any row"));
  return values;
}

bool Table::Has(const std::string& name) const {
  return std::find(metrics_.begin(), metrics_.end(), name) != metrics_.end();
}

absl::Status Table::RecordError(int record, std::string_view what) const {
  return Error(records_[static_cast<size_t>(record)].line, what);
}

int Table::Find(const space::Genotype& genotype) const {
  const auto found = index_.find(Fingerprint(Snap(genotype)));
  return found == index_.end() ? -1 : found->second;
}

absl::Status Table::CheckComplete(
    const space::Space& space, const std::function<bool(const space::Genotype&)>& feasible) const {
  const space::DecisionSpace& decisions = space.decisions();
  for (const Decision& decision : decisions.decisions()) {
    if (decision.domain.kind == Domain::Kind::kReal) return absl::OkStatus();
  }
  std::optional<space::Genotype> genotype = decisions.First();
  std::string first;
  int64_t missing = 0;
  for (int64_t i = 0; genotype.has_value(); genotype = decisions.Next(*genotype), ++i) {
    if (i == kMostEnumerated) return absl::OkStatus();
    if (Find(*genotype) >= 0 || !feasible(*genotype)) continue;
    if (++missing == 1) first = space.Print(*genotype);
  }
  if (missing == 0) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(file_name_, ": found no row for ", first,
                   missing == 1 ? "" : absl::StrCat(" and ", missing - 1, " more genotypes"),
                   "; the table must hold every one that the search may propose"));
}

absl::Status Table::Error(int line, std::string_view what) const {
  return absl::InvalidArgumentError(absl::StrCat(file_name_, ":", line, ": ", std::string(what)));
}

}  // namespace nascent::simulate
