// The report as people read it on a terminal.

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "server/simulate/report.h"

namespace nascent::simulate {
namespace {

std::string Number(double value, int digits) {
  return std::isfinite(value) ? absl::StrFormat("%.*f", digits, value) : "-";
}

// Enough digits to tell the rows apart: three behind the point of percents, five of fractions.
int Digits(double best) { return std::abs(best) <= 1 ? 5 : std::abs(best) < 1000 ? 3 : 1; }

void Pad(std::string& line, const std::string& text, size_t width) {
  line += text;
  line.append(text.size() < width ? width - text.size() : 1, ' ');
}

// Without the blanks at its end.
std::string Trimmed(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

// One row per strategy and as many blocks of columns, one below the other, as the width asks for.
class Sections {
 public:
  Sections(const Report& report, int width) : report_(report), width_(width) {
    size_t longest = 10;
    for (const auto& strategy : report.strategies) {
      longest = std::max(longest, strategy.name.size() + 2);
    }
    // A name that takes more than a third of the width stands in a line of its own.
    names_ = std::min(longest, std::max<size_t>(10, static_cast<size_t>(width) / 3));
  }

  // `head(i)` is the title of column i, `cell(strategy, i)` what stands there.
  template <typename Head, typename Cell>
  void Add(const std::string& title, size_t columns, const Head& head, const Cell& cell) {
    if (columns == 0) return;
    size_t cells = 0;
    for (size_t i = 0; i < columns; ++i) {
      cells = std::max(cells, head(i).size() + 2);
      for (const auto& strategy : report_.strategies) {
        cells = std::max(cells, cell(strategy, i).size() + 2);
      }
    }
    const size_t left = static_cast<size_t>(width_) > names_ ? width_ - names_ : 0;
    const size_t most = std::max<size_t>(1, (left + 2) / cells);
    // Blocks of about equal width.
    const size_t blocks = (columns + most - 1) / most;
    const size_t per_block = (columns + blocks - 1) / blocks;
    for (size_t begin = 0; begin < columns; begin += per_block) {
      const size_t end = std::min(columns, begin + per_block);
      std::string line;
      Pad(line, title, names_);
      for (size_t i = begin; i < end; ++i) Pad(line, head(i), cells);
      absl::StrAppend(&text_, "\n", Trimmed(std::move(line)));
      for (const auto& strategy : report_.strategies) {
        line.clear();
        if (strategy.name.size() + 2 > names_) {
          absl::StrAppend(&text_, strategy.name, "\n");
          Pad(line, "", names_);
        } else {
          Pad(line, strategy.name, names_);
        }
        for (size_t i = begin; i < end; ++i) Pad(line, cell(strategy, i), cells);
        absl::StrAppend(&text_, Trimmed(std::move(line)));
      }
    }
  }

  std::string Take() { return std::move(text_); }

 private:
  const Report& report_;
  const int width_;
  size_t names_;
  std::string text_;
};

// Words with blanks and line feeds between, in lines of at most `width` columns.
std::string Wrapped(const std::string& text, int width) {
  std::string wrapped;
  size_t column = 0;
  for (const absl::string_view word : absl::StrSplit(text, ' ', absl::SkipEmpty())) {
    if (column > 0 && column + 1 + word.size() > static_cast<size_t>(width)) {
      wrapped += '\n';
      column = 0;
    }
    if (column > 0) wrapped += ' ';
    absl::StrAppend(&wrapped, word);
    column += word.size() + (column > 0 ? 1 : 0);
  }
  return wrapped + "\n";
}

std::string Title(const Report& report, int digits) {
  const std::string seeds = absl::StrCat(report.seeds, " seed", report.seeds == 1 ? "" : "s");
  std::string text = absl::StrCat(report.metric, " of the incumbent, best of the table ",
                                  Number(report.best, digits), ", ", seeds);
  if (report.objectives.empty()) return text;
  std::vector<std::string> references;
  for (const strategy::Objective& objective : report.objectives) {
    references.push_back(
        absl::StrFormat("%s %g", objective.metric, objective.reference.value_or(0)));
  }
  return absl::StrFormat("hypervolume of the front as a share of the table's %.5g (above %s); %s",
                         report.hypervolume, absl::StrJoin(references, ", "), text);
}

}  // namespace

std::string ToTable(const Report& report, int width) {
  const int digits = Digits(report.best);
  const Report::Strategy& first = report.strategies.front();
  Sections sections(report, width);
  const auto cell = [](const Summary& summary, int places) {
    return Number(summary.mean, places) + " (" + Number(summary.standard_error, places) + ")";
  };
  const auto queries = [&first](size_t i) { return absl::StrCat(first.queries[i].queries); };
  const auto seconds = [&first](size_t i) { return Number(first.times[i].seconds, 0); };
  constexpr int kShareDigits = 4;
  if (!report.objectives.empty()) {
    sections.Add("hypervolume", first.hypervolume.size(), queries,
                 [&](const Report::Strategy& s, size_t i) {
                   return cell(s.hypervolume[i].summary, kShareDigits);
                 });
    sections.Add("in seconds", first.hypervolume_times.size(), seconds,
                 [&](const Report::Strategy& s, size_t i) {
                   return cell(s.hypervolume_times[i].summary, kShareDigits);
                 });
  }
  sections.Add("queries", first.queries.size(), queries, [&](const Report::Strategy& s, size_t i) {
    return cell(s.queries[i].summary, digits);
  });
  sections.Add("seconds", first.times.size(), seconds, [&](const Report::Strategy& s, size_t i) {
    return cell(s.times[i].summary, digits);
  });
  sections.Add(
      "within", first.within.size(),
      [&](size_t i) { return absl::StrFormat("%g", first.within[i].distance); },
      [&](const Report::Strategy& s, size_t i) {
        return Number(s.within[i].median_queries, 0) + ", " + Number(100 * s.within[i].reached, 0) +
               " %";
      });
  std::string text = Wrapped(Title(report, digits), width) + sections.Take() + "\n" +
                     Wrapped(
                         "Means with their standard errors over the seeds. Within a distance "
                         "from the best: the median of the queries until then, and the share "
                         "of the seeds that got there.",
                         width);
  for (const auto& strategy : report.strategies) {
    if (strategy.troubles.empty()) continue;
    absl::StrAppend(&text, Wrapped(strategy.name + ": " + strategy.troubles.front(), width));
  }
  return text;
}

}  // namespace nascent::simulate
