#include "common/data/table/read_table.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <span>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/data/table/csv_reader.h"
#include "common/status_macros.h"

namespace nascent::data {
namespace {

constexpr size_t kMostColumns = 10'000;
constexpr size_t kShownNames = 20;

using Names = std::vector<std::string>;

bool Holds(std::span<const std::string> names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string Listed(std::span<const std::string> names) {
  const auto shown = names.first(std::min(names.size(), kShownNames));
  return absl::StrCat(absl::StrJoin(shown.begin(), shown.end(), ", "),
                      names.size() > shown.size() ? ", …" : "");
}

absl::Status BadTable(const std::string& problem) { return absl::InvalidArgumentError(problem); }

absl::Status OfColumn(const Column& column, const absl::Status& status) {
  if (status.ok()) return status;
  return BadTable(absl::StrCat("column \"", column.name(), "\": ", status.message()));
}

// Names of the columns, as the header has them; a column without one is called by its number.
absl::StatusOr<Names> NamesOf(std::span<const std::string> header) {
  if (header.size() > kMostColumns) {
    return BadTable(absl::StrCat("found ", header.size(), " columns; allowed: ", kMostColumns));
  }
  double number = 0;
  if (std::all_of(header.begin(), header.end(),
                  [&](const std::string& name) { return absl::SimpleAtod(name, &number); })) {
    return BadTable(
        "found only numbers; the first row must name the columns, as \"age,height,colour\"");
  }
  Names names(header.begin(), header.end());
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i].empty()) names[i] = absl::StrCat("column ", i + 1);
    if (Holds(std::span(names).first(i), names[i])) {
      return BadTable(absl::StrCat("two columns are called \"", names[i], "\""));
    }
  }
  return names;
}

class Reading {
 public:
  explicit Reading(const TableFiles& files) : files_(files) {}

  absl::Status ReadFile(const std::string& path) {
    header_ = true;
    NASCENT_RETURN_IF_ERROR(
        ReadCsvFile(path, files_.separator, [&](int64_t line, std::span<const std::string> fields) {
          if (header_) {
            header_ = false;
            return training() ? TakeHeader(fields) : TakeSecondHeader(fields);
          }
          return TakeRow(line, fields);
        }));
    if (header_)
      return BadTable(absl::StrCat(path, ": is empty; a row of names and rows are needed"));
    if (table_.rows == table_.training_rows || (training() && table_.rows < 2)) {
      return BadTable(absl::StrCat(path, ": found ", table_.rows - table_.training_rows,
                                   " rows below the names; needed are at least ",
                                   training() ? 2 : 1));
    }
    return training() ? EndTraining(path) : absl::OkStatus();
  }

  Table Take() { return std::move(table_); }

 private:
  bool training() const { return table_.training_rows == 0; }

  absl::Status TakeHeader(std::span<const std::string> header) {
    NASCENT_ASSIGN_OR_RETURN(names_, NamesOf(header));
    const std::string& target = files_.target.empty() ? names_.back() : files_.target;
    NASCENT_RETURN_IF_ERROR(CheckNames("--target", std::span(&target, 1)));
    NASCENT_RETURN_IF_ERROR(CheckNames("--ignore", files_.ignored));
    NASCENT_RETURN_IF_ERROR(CheckNames("--categorical", files_.categorical));
    if (Holds(files_.ignored, target)) {
      return BadTable(
          absl::StrCat("--ignore: \"", target, "\" is the target",
                       files_.target.empty() ? ", as the last column; give --target" : ""));
    }
    for (const std::string& name : names_) {
      if (Holds(files_.ignored, name)) {
        takers_.push_back(nullptr);
        continue;
      }
      auto column = std::make_unique<Column>(name, Holds(files_.categorical, name), files_.rules);
      takers_.push_back(column.get());
      if (name == target) {
        table_.target = std::move(column);
      } else {
        table_.columns.push_back(std::move(column));
      }
    }
    if (table_.columns.empty()) {
      return BadTable(absl::StrCat("found no column beside the target \"", target,
                                   "\"; is the separator another one (--separator)?"));
    }
    return absl::OkStatus();
  }

  absl::Status CheckNames(const char* option, std::span<const std::string> wanted) const {
    for (const std::string& name : wanted) {
      if (Holds(names_, name)) continue;
      return BadTable(absl::StrCat(option, ": there is no column \"", name, "\"; the columns are ",
                                   Listed(names_)));
    }
    return absl::OkStatus();
  }

  // Its columns may stand in another order; what was left out may be missing.
  absl::Status TakeSecondHeader(std::span<const std::string> header) {
    NASCENT_ASSIGN_OR_RETURN(const Names names, NamesOf(header));
    std::map<std::string, Column*> known;
    for (size_t i = 0; i < names_.size(); ++i) known[names_[i]] = takers_[i];
    std::vector<Column*> takers;
    for (const std::string& name : names) {
      const auto found = known.find(name);
      if (found == known.end()) {
        return BadTable(absl::StrCat("column \"", name, "\" is not in ", files_.paths[0],
                                     ", whose columns are ", Listed(names_)));
      }
      takers.push_back(found->second);
      known.erase(found);
    }
    for (const auto& [name, column] : known) {
      if (column == nullptr) continue;
      return BadTable(
          absl::StrCat("there is no column \"", name, "\", as ", files_.paths[0], " has"));
    }
    takers_ = std::move(takers);
    return absl::OkStatus();
  }

  absl::Status TakeRow(int64_t line, std::span<const std::string> fields) {
    if (fields.size() != takers_.size()) {
      return BadTable(absl::StrCat(
          "found ", fields.size(), " fields, the header has ", takers_.size(),
          fields.size() > takers_.size() ? "; a field with separators in it needs quotes" : ""));
    }
    for (size_t i = 0; i < fields.size(); ++i) {
      Column* column = takers_[i];
      if (column == nullptr) continue;
      NASCENT_RETURN_IF_ERROR(OfColumn(*column, column->Add(line, fields[i])));
      if (column != table_.target.get()) continue;
      if (column->missing() > 0) {
        return OfColumn(*column,
                        BadTable(absl::StrCat("found \"", fields[i],
                                              "\", no value; each row needs one of the target")));
      }
      if (!training() && table_.classification && column->codes().back() == Column::kUnknown) {
        return OfColumn(*column, BadTable(absl::StrCat("found \"", fields[i], "\", a class that ",
                                                       files_.paths[0], " has not; classes are ",
                                                       Listed(column->texts()))));
      }
    }
    ++table_.rows;
    return absl::OkStatus();
  }

  absl::Status EndTraining(const std::string& path) {
    for (Column* column : takers_) {
      if (column == nullptr) continue;
      int64_t line = 0;
      const absl::Status status = OfColumn(*column, column->Freeze(line));
      if (!status.ok()) return BadTable(absl::StrCat(path, ":", line, ": ", status.message()));
    }
    table_.training_rows = table_.rows;
    const absl::Status status = OfColumn(*table_.target, SettleTask());
    if (!status.ok()) return BadTable(absl::StrCat(path, ": ", status.message()));
    return absl::OkStatus();
  }

  absl::Status SettleTask() {
    const Column& target = *table_.target;
    if (files_.task == TableTask::kRegression && !target.numeric()) {
      return BadTable(
          absl::StrCat("the values to predict are no numbers, for instance \"", target.texts()[0],
                       "\"; regression needs numbers (--task classification predicts classes)"));
    }
    if (files_.task == TableTask::kClassification && !target.has_texts()) {
      return BadTable(absl::StrCat("found more than ", Column::kMostTexts,
                                   " classes, the most that are allowed"));
    }
    const auto is_whole = [](double value) { return value == std::floor(value); };
    const bool numbers_mean_classes =
        target.has_texts() && target.texts().size() <= kMostWholeClasses &&
        std::all_of(target.numbers().begin(), target.numbers().end(), is_whole);
    table_.classification = files_.task == TableTask::kClassification || !target.numeric() ||
                            (files_.task == TableTask::kDetect && numbers_mean_classes);
    if (table_.classification && target.texts().size() < 2) {
      return BadTable(absl::StrCat("all rows are of the class \"", target.texts()[0],
                                   "\"; at least 2 classes are needed"));
    }
    return absl::OkStatus();
  }

  const TableFiles& files_;
  Table table_;
  Names names_;
  std::vector<Column*> takers_;  // of each field; null: it is left out
  bool header_ = true;           // comes next
};

}  // namespace

absl::StatusOr<Table> ReadTable(const TableFiles& files) {
  if (files.paths.empty() || files.paths.size() > 2) {
    return BadTable(absl::StrCat("found ", files.paths.size(),
                                 " CSV files; needed is one, or a second one for the final test"));
  }
  Reading reading(files);
  for (const std::string& path : files.paths) NASCENT_RETURN_IF_ERROR(reading.ReadFile(path));
  return reading.Take();
}

}  // namespace nascent::data
