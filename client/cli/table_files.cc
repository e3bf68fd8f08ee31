#include "client/cli/table_files.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/data/dataset.h"
#include "common/data/table/encode_table.h"
#include "common/data/table/read_table.h"
#include "common/status_macros.h"

namespace nascent::cli {
namespace {

absl::StatusOr<char> SeparatorOf(const std::string& text) {
  if (text.empty()) return '\0';
  if (text == "tab" || text == "\\t") return '\t';
  if (text.size() == 1 && text != "\"" && text != "\n" && text != "\r" && text != " ")
    return text[0];
  return absl::InvalidArgumentError(
      absl::StrCat("--separator: found \"", text, "\"; needed is one character, or the word tab"));
}

data::TableTask TaskOf(const std::string& text) {
  if (text == "classification") return data::TableTask::kClassification;
  return text == "regression" ? data::TableTask::kRegression : data::TableTask::kDetect;
}

}  // namespace

std::string GivenOption(const TableOptions& options) {
  if (!options.paths.empty()) return options.paths[0];
  if (!options.target.empty()) return "--target";
  if (!options.ignored.empty()) return "--ignore";
  if (!options.categorical.empty()) return "--categorical";
  if (!options.missing.empty()) return "--missing";
  if (!options.separator.empty()) return "--separator";
  if (!options.task.empty()) return "--task";
  if (options.decimal_comma) return "--decimal-comma";
  if (options.test_share.has_value()) return "--test-share";
  return options.seed.has_value() ? "--seed" : "";
}

absl::StatusOr<LoadedDataset> LoadTable(const std::string& name, const TableOptions& options) {
  if (options.paths.size() > 1 && (options.test_share.has_value() || options.seed.has_value())) {
    return absl::InvalidArgumentError(
        absl::StrCat(options.test_share.has_value() ? "--test-share" : "--seed",
                     ": found two files, of which the second is for the final test; nothing is "
                     "drawn"));
  }
  data::TableFiles files;
  files.paths = options.paths;
  NASCENT_ASSIGN_OR_RETURN(files.separator, SeparatorOf(options.separator));
  files.target = options.target;
  files.ignored = options.ignored;
  files.categorical = options.categorical;
  files.task = TaskOf(options.task);
  if (!options.missing.empty()) files.rules.missing = options.missing;
  files.rules.decimal_comma = options.decimal_comma;
  LoadedDataset loaded;
  {
    NASCENT_ASSIGN_OR_RETURN(const auto table, data::ReadTable(files));
    data::TableDivision division;
    division.test_share = options.test_share.value_or(division.test_share);
    division.seed = options.seed.value_or(division.seed);
    NASCENT_ASSIGN_OR_RETURN(auto encoded, data::EncodeTable(table, division));
    loaded = {std::move(encoded.dataset), std::move(encoded.artifacts),
              std::move(encoded.warnings)};
  }
  loaded.dataset.set_name(name);
  NASCENT_RETURN_IF_ERROR(data::CheckDataset(loaded.dataset));
  return loaded;
}

}  // namespace nascent::cli
