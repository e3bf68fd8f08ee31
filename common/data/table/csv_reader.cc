#include "common/data/table/csv_reader.h"

#include <csv.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/data/gzip.h"
#include "common/status_macros.h"
#include "common/text/utf8.h"

namespace nascent::data {
namespace {

// A longer field is one whose closing quote is missing.
constexpr size_t kLongestField = 1 << 20;
constexpr size_t kPiece = 1 << 16;

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

}  // namespace

struct CsvReader::State {
  explicit State(TakeCsvRow take_row) : take(std::move(take_row)) {}

  // Both are called by the parser.
  static void TakeField(void* bytes, size_t size, void* self) {
    auto& state = *static_cast<State*>(self);
    if (state.count == state.fields.size()) state.fields.emplace_back();
    state.fields[state.count++].assign(static_cast<const char*>(bytes), size);
  }
  static void TakeRow(int, void* self) {
    auto& state = *static_cast<State*>(self);
    state.open = false;
    if (state.status.ok()) state.Hand();
    state.count = 0;
  }

  void Hand() {
    for (size_t i = 0; i < count; ++i) {
      const std::string& field = fields[i];
      if (!text::IsUtf8(field) || field.find('\0') != std::string::npos) {
        return Fail(row_line,
                    absl::StrCat("field ", i + 1, " is not UTF-8; save the file as UTF-8"));
      }
    }
    const absl::Status taken = take(row_line, std::span(fields).first(count));
    if (!taken.ok()) Fail(row_line, taken.message());
  }

  void Fail(int64_t at, absl::string_view problem) {
    if (status.ok()) status = absl::InvalidArgumentError(absl::StrCat(at, ": ", problem));
  }

  // `piece` ends a line or lies within one.
  void FeedPiece(std::string_view piece) {
    if (!open) {
      row_line = line;
      open = piece.find_first_not_of(" \t\r\n") != std::string_view::npos;
    }
    const size_t taken = csv_parse(&parser, piece.data(), piece.size(), TakeField, TakeRow, this);
    if (status.ok() && taken != piece.size()) {
      Fail(line, csv_error(&parser) == CSV_EPARSE
                     ? "a quote stands where none may: a field with quotes in it begins and ends "
                       "with a quote, and those inside are doubled"
                     : csv_strerror(csv_error(&parser)));
    }
    if (parser.entry_pos > kLongestField) {
      Fail(row_line, absl::StrCat("a field of this row is longer than ", kLongestField,
                                  " bytes; its closing quote seems to be missing"));
    }
  }

  // In pieces that end where a line ends, so that the parser's rows can be told their lines.
  void FeedLines(std::string_view bytes) {
    while (status.ok() && !bytes.empty()) {
      const size_t end = bytes.find_first_of("\r\n");
      const std::string_view piece =
          bytes.substr(0, std::min(kPiece, end == std::string_view::npos ? kPiece : end + 1));
      bytes.remove_prefix(piece.size());
      FeedPiece(piece);
      const bool second_half = piece == "\n" && after_return;  // of CRLF
      if ((piece.back() == '\n' && !second_half) || piece.back() == '\r') ++line;
      after_return = piece.back() == '\r';
    }
  }

  // Holds back the first bytes until a byte order mark can be told.
  void Begin(bool at_end) {
    if (started || (start.size() < kByteOrderMark.size() && !at_end)) return;
    started = true;
    if (start.starts_with("\xff\xfe") || start.starts_with("\xfe\xff")) {
      return Fail(1, "the text is UTF-16; save the file as UTF-8");
    }
    std::string_view bytes = start;
    if (bytes.starts_with(kByteOrderMark)) bytes.remove_prefix(kByteOrderMark.size());
    FeedLines(bytes);
  }

  csv_parser parser{};
  TakeCsvRow take;
  std::vector<std::string> fields;  // the first `count` are those of the row so far
  size_t count = 0;
  int64_t line = 1;
  int64_t row_line = 1;
  bool open = false;  // within a row
  bool after_return = false;
  bool started = false;
  std::string start;
  absl::Status status;
};

CsvReader::CsvReader(char separator, TakeCsvRow take)
    : state_(std::make_unique<State>(std::move(take))) {
  csv_init(&state_->parser, CSV_STRICT | CSV_STRICT_FINI);
  csv_set_delim(&state_->parser, static_cast<unsigned char>(separator));
}

CsvReader::~CsvReader() { csv_free(&state_->parser); }

absl::Status CsvReader::Feed(std::string_view bytes) {
  State& state = *state_;
  if (!state.started) {
    state.start.append(bytes);
    state.Begin(/*at_end=*/false);
  } else {
    state.FeedLines(bytes);
  }
  return state.status;
}

absl::Status CsvReader::Finish() {
  State& state = *state_;
  state.Begin(/*at_end=*/true);
  if (state.status.ok() &&
      csv_fini(&state.parser, State::TakeField, State::TakeRow, state_.get()) != 0) {
    state.Fail(state.row_line, "a field of this row has no closing quote");
  }
  return state.status;
}

char DetectSeparator(std::string_view start) {
  constexpr std::string_view kSeparators = ",;\t";
  int64_t counts[kSeparators.size()] = {};
  bool quoted = false;
  bool any = false;
  for (const char c : start) {
    if (c == '"') quoted = !quoted;
    if (!quoted && any && (c == '\n' || c == '\r')) break;
    any = any || (c != '\n' && c != '\r');
    const size_t which = kSeparators.find(c);
    if (!quoted && which != std::string_view::npos) ++counts[which];
  }
  return kSeparators[static_cast<size_t>(std::max_element(std::begin(counts), std::end(counts)) -
                                         std::begin(counts))];
}

absl::Status ReadCsvFile(const std::string& path, char separator, const TakeCsvRow& take) {
  struct stat info;
  if (stat(path.c_str(), &info) != 0) return absl::NotFoundError(absl::StrCat("no file ", path));
  if (S_ISDIR(info.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": is a folder; a CSV file is needed"));
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::PermissionDeniedError(absl::StrCat("can't open ", path));
  std::string piece(kPiece, '\0');
  const auto read = [&] {
    file.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    return std::string_view(piece).substr(0, static_cast<size_t>(file.gcount()));
  };
  std::string_view bytes = read();
  std::string unpacked;
  if (IsGzip(bytes)) {
    NASCENT_ASSIGN_OR_RETURN(unpacked, ReadMaybeGzip(path));
    bytes = unpacked;
    file.setstate(std::ios::eofbit | std::ios::failbit);
  }
  if (separator == 0) separator = DetectSeparator(bytes.substr(0, kPiece));
  CsvReader reader(separator, take);
  absl::Status status;
  while (status.ok() && !bytes.empty()) {
    status = reader.Feed(bytes);
    bytes = file ? read() : std::string_view();
  }
  if (status.ok() && file.bad())
    return absl::DataLossError(absl::StrCat("can't read all of ", path));
  if (status.ok()) status = reader.Finish();
  if (status.ok()) return status;
  return absl::Status(status.code(), absl::StrCat(path, ":", status.message()));
}

}  // namespace nascent::data
