#include "client/cli/rung_lines.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace nascent::cli {
namespace {

// More pairs than that are in the JSON.
constexpr int kMostPairs = 6;

// What makes the rung, for people: "synflow", "3 epochs", "rung 2".
std::string RungText(const v1::FidelityLadder& ladder, int rung) {
  int epochs = 0;
  if (rung < ladder.rungs_size()) {
    const v1::RungSpec& spec = ladder.rungs(rung);
    if (spec.has_zero_cost()) return spec.zero_cost().metric();
    epochs = spec.has_epochs() ? spec.epochs() : 0;
    if (rung + 1 == ladder.rungs_size()) return "the whole recipe";
  } else if (rung < ladder.epochs_size()) {
    if (rung + 1 == ladder.epochs_size()) return "the whole recipe";
    epochs = ladder.epochs(rung);
  }
  if (epochs == 0) return absl::StrCat("rung ", rung);
  return absl::StrCat(epochs, epochs == 1 ? " epoch" : " epochs");
}

std::string TauText(double tau, double error) { return absl::StrFormat("%.2f ± %.2f", tau, error); }

}  // namespace

std::vector<std::string> TrustLines(const v1::Search& search, int width, const Style& style) {
  std::vector<std::string> lines;
  const auto add = [&](const std::string& text, Ink ink) {
    for (const std::string& line : Wrap(text, width)) lines.push_back(style.Paint(line, ink));
  };
  const v1::FidelityLadder& ladder = search.spec().fidelities();
  int shown = 0;
  for (const v1::RungTrust& trust : search.rung_trust()) {
    if (trust.promoted() + trust.calibrating() == 0) continue;
    if (++shown > kMostPairs) break;
    const std::string lower = RungText(ladder, trust.rung());
    const std::string upper = RungText(ladder, trust.rung() + 1);
    std::string text = absl::StrCat("how ", lower, " tells ", upper, ": tau ");
    if (trust.has_tau_top()) {
      absl::StrAppend(&text, TauText(trust.tau_top(), trust.tau_top_error()), " among the ",
                      trust.promoted(), " promoted");
    } else {
      absl::StrAppend(&text, "not known yet, ", trust.promoted(), " promoted");
    }
    if (trust.has_tau()) {
      absl::StrAppend(&text, ", ", TauText(trust.tau(), trust.tau_error()), " among all ",
                      trust.known());
    }
    add(text, Ink::kDim);
    if (!trust.has_tau_top() || trust.tau_top() > trust.tau_top_error()) continue;
    add(absl::StrCat("do not trust ", lower,
                     " to tell the best: among those it let up its order says "
                     "nothing of the order by ",
                     upper),
        Ink::kBusy);
  }
  return lines;
}

}  // namespace nascent::cli
