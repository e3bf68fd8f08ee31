#include "client/cli/watch_view.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/facts.h"
#include "client/cli/genotype.h"
#include "client/cli/numbers.h"
#include "client/cli/rung_lines.h"
#include "client/cli/table.h"
#include "client/cli/trial_facts.h"

namespace nascent::cli {
namespace {

constexpr size_t kFinishedKept = 50;
constexpr int kBarWidth = 16;
constexpr int kNarrowestHeading = 30;

bool IsRunning(const v1::Trial& trial) { return trial.state() == v1::TRIAL_STATE_LEASED; }

// What a running trial learned so far.
std::string Learned(const v1::Trial& trial) {
  std::vector<std::string> parts;
  for (const char* metric : {"training_loss", "training_accuracy", "validation_accuracy"}) {
    if (const auto value = Metric(trial, metric)) {
      parts.push_back(absl::StrCat(Words(metric), " ", FormatMetric(metric, *value)));
    }
  }
  return parts.empty() ? "starting" : absl::StrJoin(parts, " · ");
}

std::string Title(std::string_view text, const Style& style) {
  return style.Paint(text, Ink::kBold);
}

void Append(std::vector<std::string>& lines, const std::vector<std::string>& more) {
  lines.insert(lines.end(), more.begin(), more.end());
}

std::vector<std::string> Indented(const Table& table, int width, const Style& style) {
  std::vector<std::string> lines;
  for (const std::string& line : table.Lines(width - 2, style)) lines.push_back("  " + line);
  return lines;
}

Table LeaderTable(const v1::Search& search, const std::vector<const v1::Trial*>& trials) {
  const std::vector<std::string> metrics = ShownMetrics(search);
  std::vector<Table::Column> columns = {{.title = "", .right = true, .spare = 1},
                                        {.title = "trial", .right = true}};
  for (size_t i = 0; i < metrics.size(); ++i) {
    columns.push_back({.title = Words(metrics[i]), .right = true, .spare = i == 0 ? 0 : 1});
  }
  columns.push_back({.title = "architecture", .below = true});
  Table table(std::move(columns));
  const ShortForms forms(search, trials);
  for (size_t i = 0; i < trials.size(); ++i) {
    const v1::Trial& trial = *trials[i];
    const Ink ink = i == 0 ? Ink::kGood : Ink::kPlain;
    std::vector<Table::Cell> row = {Table::Cell(absl::StrCat(i + 1), Ink::kDim),
                                    Table::Cell(absl::StrCat("#", trial.number()), ink)};
    for (const std::string& metric : metrics) row.emplace_back(MetricText(trial, metric), ink);
    row.emplace_back(forms.Of(trial), Ink::kPlain);
    table.Add(std::move(row));
  }
  return table;
}

}  // namespace

double ProgressShare(const v1::Search& search) {
  const v1::Budget& budget = search.spec().budget();
  const v1::SearchProgress& progress = search.progress();
  double share = 0;
  if (budget.has_trials() && budget.trials() > 0) {
    share = static_cast<double>(progress.finished()) / static_cast<double>(budget.trials());
  }
  if (budget.has_wall_seconds() && budget.wall_seconds() > 0) {
    share = std::max(share, progress.wall_seconds() / budget.wall_seconds());
  }
  if (budget.has_device_seconds() && budget.device_seconds() > 0) {
    share = std::max(share, progress.device_seconds() / budget.device_seconds());
  }
  const bool ended = search.state() == v1::SEARCH_STATE_COMPLETED;
  return ended ? 1.0 : std::min(share, 1.0);
}

std::string ProgressText(const v1::Search& search) {
  const v1::Budget& budget = search.spec().budget();
  const v1::SearchProgress& progress = search.progress();
  std::vector<std::string> parts;
  parts.push_back(budget.has_trials()
                      ? absl::StrCat(progress.finished(), " of ", Plural(budget.trials(), "trial"))
                      : Plural(progress.finished(), "trial"));
  if (progress.scored() > 0) parts.push_back(absl::StrCat(progress.scored(), " scored"));
  parts.push_back(FormatSeconds(progress.wall_seconds()));
  if (search.state() == v1::SEARCH_STATE_FINISHING) {
    parts.emplace_back("testing the winner");
  } else if (search.state() == v1::SEARCH_STATE_RUNNING && progress.has_remaining_seconds()) {
    parts.push_back(absl::StrCat("about ", FormatSeconds(progress.remaining_seconds()), " left"));
  }
  return absl::StrJoin(parts, " · ");
}

std::vector<std::string> WatchView::Update(const v1::WatchSearchResponse& update,
                                           const Style& style) {
  std::vector<std::string> news;
  const bool first = search_.id() == 0;
  const v1::SearchState before = search_.state();
  search_ = update.search();
  if (first) {
    news.push_back(absl::StrCat(
        style.Paint(search_.spec().name(), Ink::kBold), "  search ", search_.id(), ": ",
        StrategyName(search_.spec()), " on ", SpaceName(search_.spec()),
        search_.space_size().empty() ? ""
                                     : absl::StrCat(" (", search_.space_size(), " genotypes)")));
  }
  for (const v1::Trial& trial : update.trials()) {
    auto& state = states_[trial.number()];
    const bool changed = state != trial.state();
    state = trial.state();
    if (IsRunning(trial)) {
      running_[trial.number()] = trial;
      if (changed) {
        news.push_back(absl::StrCat("#", trial.number(), " started",
                                    trial.worker().empty() ? "" : " on ", trial.worker(), ": ",
                                    ShortForms(search_, {&trial}).Of(trial)));
      }
    } else {
      running_.erase(trial.number());
      progress_.erase(trial.id());
    }
    if (!HasEnded(trial)) continue;
    // A winner's test comes after its end.
    const auto known =
        std::find_if(finished_.begin(), finished_.end(),
                     [&](const v1::Trial& other) { return other.number() == trial.number(); });
    if (known != finished_.end()) {
      *known = trial;
    } else {
      finished_.push_back(trial);
      if (finished_.size() > kFinishedKept) finished_.erase(finished_.begin());
    }
    if (changed) news.push_back(FinishedLine(trial, style));
  }
  for (const auto& [id, share] : update.progress()) progress_[id] = share;
  if (search_.leaders_size() > 0 && search_.leaders(0).number() != leader_) {
    leader_ = search_.leaders(0).number();
    std::string line = absl::StrCat("★ #", leader_, " leads:");
    for (const std::string& metric : ShownMetrics(search_)) {
      absl::StrAppend(&line, " ", Words(metric), " ", MetricText(search_.leaders(0), metric));
    }
    news.push_back(style.Paint(line, Ink::kGood));
  }
  if (!first && before != search_.state()) {
    news.push_back(absl::StrCat("search ", search_.id(), " is ",
                                style.Paint(StateWord(search_), StateInk(search_)),
                                search_.state_reason().empty() ? "" : ": ", search_.state_reason(),
                                " (", ProgressText(search_), ")"));
  }
  return news;
}

std::string WatchView::FinishedLine(const v1::Trial& trial, const Style& style) const {
  std::string line =
      absl::StrCat("#", trial.number(), " ", style.Paint(StateWord(trial), StateInk(trial)));
  if (HasResult(trial) || trial.state() == v1::TRIAL_STATE_STOPPED) {
    for (const std::string& metric : ShownMetrics(search_)) {
      absl::StrAppend(&line, " · ", Words(metric), " ", MetricText(trial, metric));
    }
    if (const auto seconds = Metric(trial, "training_seconds")) {
      absl::StrAppend(&line, " · ", FormatSeconds(*seconds));
    }
  } else if (!trial.error().empty()) {
    absl::StrAppend(&line, ": ", trial.error().substr(0, trial.error().find('\n')));
  }
  return line;
}

std::vector<std::string> WatchView::Header(int width, const Style& style) const {
  const v1::SearchSpec& spec = search_.spec();
  const v1::SearchProgress& progress = search_.progress();
  std::vector<std::string> lines;
  const std::string what = absl::StrCat(
      SpaceName(spec),
      search_.space_size().empty() ? "" : absl::StrCat(" (", search_.space_size(), ")"), " · ",
      spec.data().dataset(), " · ", StrategyName(spec));
  const std::string state = StateWord(search_);
  const std::string reference = absl::StrCat("  search ", search_.id(), "  ");
  const int room = width - DisplayWidth(reference) - DisplayWidth(state);
  const std::string name = absl::StrCat(Shorten(spec.name(), room), reference);
  const int left = width - DisplayWidth(name) - DisplayWidth(state) - 2;
  const std::string head =
      absl::StrCat(style.Paint(name, Ink::kBold), style.Paint(state, StateInk(search_)));
  // What does not fit beside something else has a line of its own.
  if (left >= std::min(DisplayWidth(what), kNarrowestHeading)) {
    lines.push_back(absl::StrCat(head, "  ", style.Paint(Shorten(what, left), Ink::kDim)));
  } else {
    lines.push_back(head);
    lines.push_back(style.Paint(Shorten(what, width), Ink::kDim));
  }
  const std::string text = ProgressText(search_);
  const int bar = width - DisplayWidth(text) - 2;
  if (bar >= 10) {
    lines.push_back(absl::StrCat(Bar(ProgressShare(search_), bar, style), "  ", text));
  } else {
    lines.push_back(Bar(ProgressShare(search_), width, style));
    lines.push_back(text);
  }
  std::vector<std::string> counts;
  const auto count = [&](int64_t number, const char* word, Ink ink) {
    if (number > 0) counts.push_back(style.Paint(absl::StrCat(number, " ", word), ink));
  };
  count(progress.succeeded(), "succeeded", Ink::kGood);
  count(progress.shared(), "shared", Ink::kGood);
  count(progress.stopped(), "stopped early", Ink::kDim);
  count(progress.failed(), "failed", Ink::kBad);
  count(progress.running(), "running", Ink::kBusy);
  count(progress.ready(), "waiting", Ink::kDim);
  lines.push_back(counts.empty() ? style.Paint("nothing has started yet", Ink::kDim)
                                 : absl::StrJoin(counts, "  "));
  Append(lines, TrustLines(search_, width, style));
  return lines;
}

std::vector<std::string> WatchView::Running(int width, int most, const Style& style) const {
  std::vector<std::string> lines;
  if (running_.empty() || most < 2) return lines;
  lines.push_back(Title("Running", style));
  std::vector<const v1::Trial*> trials;
  for (const auto& [number, trial] : running_) trials.push_back(&trial);
  const ShortForms forms(search_, trials);
  for (const auto& [number, trial] : running_) {
    if (static_cast<int>(lines.size()) == most) {
      lines.back() = style.Paint(
          absl::StrCat("  and ", running_.size() - static_cast<size_t>(most) + 2, " more"),
          Ink::kDim);
      break;
    }
    const auto found = progress_.find(trial.id());
    const double share = found == progress_.end() ? 0 : found->second;
    const std::string left = PadRight(absl::StrCat("  #", number), 7);
    const std::string right =
        absl::StrCat(PadLeft(absl::StrCat(static_cast<int>(share * 100), " %"), 6), "  ",
                     PadRight(trial.worker(), 10), "  ", Learned(trial), "  ", forms.Of(trial));
    const int bar = width < 60 ? kBarWidth / 2 : kBarWidth;
    lines.push_back(
        absl::StrCat(left, Bar(share, bar, style), Clip(right, width - DisplayWidth(left) - bar)));
  }
  return lines;
}

std::vector<std::string> WatchView::Leaders(int width, int most, const Style& style) const {
  std::vector<std::string> lines;
  if (search_.leaders_size() == 0 || most < 3) return lines;
  std::vector<const v1::Trial*> trials;
  for (const v1::Trial& trial : search_.leaders()) trials.push_back(&trial);
  lines.push_back(Title(search_.spec().objectives_size() > 1 ? "Front" : "Leaderboard", style));
  // One more trial as long as there is room: a row may take two lines.
  std::vector<std::string> drawn;
  for (size_t rows = 1; rows <= trials.size(); ++rows) {
    const std::vector<const v1::Trial*> first(trials.begin(),
                                              trials.begin() + static_cast<int64_t>(rows));
    std::vector<std::string> more = Indented(LeaderTable(search_, first), width, style);
    if (static_cast<int>(more.size()) > most - 1 && rows > 1) break;
    drawn = std::move(more);
  }
  Append(lines, drawn);
  return lines;
}

std::vector<std::string> WatchView::Finished(int width, int most, const Style& style) const {
  std::vector<std::string> lines;
  if (finished_.empty() || most < 2) return lines;
  lines.push_back(Title("Finished last", style));
  for (auto trial = finished_.rbegin();
       trial != finished_.rend() && static_cast<int>(lines.size()) < most; ++trial) {
    const std::string plain = FinishedLine(*trial, Style(false));
    std::string reason = trial->reason().empty() ? "" : absl::StrCat(" · ", trial->reason());
    const int left = width - 2 - DisplayWidth(plain);
    if (left >= 0) {
      lines.push_back(absl::StrCat("  ", FinishedLine(*trial, style),
                                   style.Paint(Shorten(reason, left), Ink::kDim)));
    } else {
      lines.push_back(absl::StrCat("  ", Clip(plain, width - 2)));
    }
  }
  return lines;
}

std::vector<std::string> WatchView::Frame(int width, int height, const Style& style) const {
  std::vector<std::string> lines = Header(width, style);
  const auto section = [&](const std::vector<std::string>& more) {
    if (more.empty()) return;
    lines.emplace_back();
    Append(lines, more);
  };
  const auto left = [&] { return height - static_cast<int>(lines.size()) - 1; };
  // Each part leaves room for the head of what follows.
  section(Running(width, std::min(left() - 10, 9), style));
  section(Leaders(width, std::min(left() - 3, 8), style));
  section(Finished(width, std::min(left(), 6), style));
  if (static_cast<int>(lines.size()) > height) lines.resize(static_cast<size_t>(height));
  for (std::string& line : lines) line = Clip(line, width);
  return lines;
}

std::vector<std::string> WinnerLines(const v1::Search& search, int width, const Style& style) {
  std::vector<std::string> lines;
  if (search.leaders_size() == 0) {
    lines.push_back(absl::StrCat("search ", search.id(), " has no result yet"));
    return lines;
  }
  const std::string title =
      absl::StrCat(search.spec().objectives_size() > 1 ? "Best on the first objective" : "Winner",
                   " of ", search.spec().name(), " (search ", search.id(), ")");
  for (const std::string& line : Wrap(title, width)) {
    lines.push_back(style.Paint(line, Ink::kBold));
  }
  Append(lines, TrialFacts(search, search.leaders(0)).Lines(width, style));
  return lines;
}

std::vector<std::string> TrialLines(const v1::Search& search, const v1::Trial& trial, int width,
                                    const Style& style) {
  std::vector<std::string> lines;
  const std::string title = absl::StrCat("Trial #", trial.number(), " of ", search.spec().name(),
                                         " (search ", search.id(), ")");
  for (const std::string& line : Wrap(title, width)) {
    lines.push_back(style.Paint(line, Ink::kBold));
  }
  Append(lines, TrialFacts(search, trial).Lines(width, style));
  return lines;
}

}  // namespace nascent::cli
