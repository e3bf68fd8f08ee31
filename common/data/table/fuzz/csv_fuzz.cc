// A libFuzzer target for CSV files: what a stranger's table says is read, in pieces and at once,
// and made a data set. The build is described in docs/code.md.

#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "common/data/dataset.h"
#include "common/data/table/csv_reader.h"
#include "common/data/table/encode_table.h"
#include "common/data/table/read_table.h"

namespace nascent::data {
namespace {

void Insist(bool holds, const char* what) {
  if (holds) return;
  fprintf(stderr, "%s\n", what);
  abort();
}

// Lines, fields and the error that ends them.
std::string Rows(std::string_view text, size_t piece) {
  std::string rows;
  CsvReader reader(',', [&](int64_t line, std::span<const std::string> fields) {
    rows += std::to_string(line);
    for (const std::string& field : fields) rows += "|" + field;
    rows += "\n";
    return absl::OkStatus();
  });
  absl::Status status;
  for (size_t at = 0; at < text.size() && status.ok(); at += piece) {
    status = reader.Feed(text.substr(at, piece));
  }
  return rows + std::string(reader.Finish().message());
}

void Try(std::string_view text) {
  Insist(Rows(text, 1) == Rows(text, text.size() + 1), "pieces change what is read");
  static const std::string path = "/tmp/csv_fuzz." + std::to_string(getpid());
  std::ofstream(path, std::ios::binary) << text;
  TableFiles files;
  files.paths = {path};
  const auto table = ReadTable(files);
  if (!table.ok()) return;
  auto encoded = EncodeTable(*table, TableDivision());
  if (!encoded.ok()) return;
  encoded->dataset.set_name("fuzz");
  const absl::Status status = CheckDataset(encoded->dataset);
  Insist(status.ok(), status.ToString().c_str());
}

}  // namespace
}  // namespace nascent::data

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  nascent::data::Try(std::string_view(reinterpret_cast<const char*>(bytes), size));
  return 0;
}
