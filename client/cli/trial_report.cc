#include "client/cli/trial_report.h"

#include <algorithm>

#include "client/cli/genotype.h"
#include "client/cli/listings.h"
#include "client/cli/plot.h"
#include "client/cli/table.h"
#include "client/cli/trial_facts.h"
#include "client/cli/watch_view.h"

namespace nascent::cli {
namespace {

constexpr int kCurveWidth = 72;
constexpr int kCurveHeight = 11;

class Page {
 public:
  Page(int width, const Style& style) : width_(width), style_(style) {}

  void Add(const std::vector<std::string>& lines) {
    lines_.insert(lines_.end(), lines.begin(), lines.end());
  }
  void Title(const std::string& title) { Add({"", style_.Paint(title, Ink::kBold)}); }
  void AddIndented(const Table& table) {
    const std::string indent(2, ' ');
    for (const std::string& line : table.Lines(width_ > 0 ? width_ - 2 : 0, style_)) {
      lines_.push_back(indent + line);
    }
  }
  std::vector<std::string> Take() { return std::move(lines_); }

 private:
  const int width_;
  const Style style_;
  std::vector<std::string> lines_;
};

void AddDecisions(const TrialReport& report, Page& page) {
  const std::vector<NamedValue> decisions = DecisionsOf(report.search, report.trial);
  if (decisions.empty()) return;
  page.Title("Decisions");
  Table table({{.title = "label", .flexible = true, .narrowest = 14, .wrap = true},
               {.title = "value", .flexible = true, .narrowest = 14, .wrap = true}});
  for (const NamedValue& value : decisions) table.Add({value.label, value.text});
  page.AddIndented(table);
}

void AddCurve(const TrialReport& report, int width, const Style& style, Page& page) {
  auto data = MakeCurves(report.search, report.measured, "");
  // One point is no curve.
  if (!data.ok() || data->series[0].points.size() < 2) return;
  page.Title("How it learned");
  // Its own curve alone: nobody else's to be told from.
  data->winner.clear();
  page.Add(DrawOnTerminal(*data, width > 0 ? std::min(width, kCurveWidth) : kCurveWidth,
                          kCurveHeight, style.colours()));
}

}  // namespace

std::vector<std::string> ReportLines(const TrialReport& report, int width, const Style& style) {
  Page page(width, style);
  page.Add(TrialLines(report.search, report.trial, width, style));
  page.Title("How it went");
  page.Add(TrialHistory(report.trial).Lines(width, style));
  const auto others = OtherMetrics(report.search, report.trial).Lines(width, style);
  if (!others.empty()) {
    page.Title("Other metrics");
    page.Add(others);
  }
  AddDecisions(report, page);
  AddCurve(report, width, style, page);
  if (report.ancestors.size() > 1) {
    page.Title("Made from");
    const Listing listing = LineageTable(report.search, report.ancestors);
    page.AddIndented(listing.table);
    if (!listing.remark.empty()) {
      for (const std::string& line : Wrap(listing.remark, width > 0 ? width - 2 : 0)) {
        page.Add({"  " + style.Paint(line, Ink::kDim)});
      }
    }
  }
  page.Title("Genotype");
  page.Add({WholeGenotype(report.search, report.trial)});
  return page.Take();
}

}  // namespace nascent::cli
