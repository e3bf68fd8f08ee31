#include "client/cli/drawing.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/exit_code.h"
#include "common/network/draw.h"
#include "common/picture/draw.h"
#include "common/status_macros.h"

namespace nascent::cli {
namespace {

// Above that a page shows boxes that nobody can read.
constexpr size_t kManyNodes = 80;

// The space and what was decided, in words.
std::string Title(const space::Space& space, const space::Genotype& genotype) {
  const std::string notation = space.Print(genotype);
  if (!notation.starts_with('{')) return absl::StrCat(space.name(), "\n", notation);
  std::vector<std::string> words;
  for (int i = 0; i < space.decisions().size(); ++i) {
    const space::Decision& decision = space.decisions().decisions()[static_cast<size_t>(i)];
    const space::Value& value = genotype.values[static_cast<size_t>(i)];
    if (std::holds_alternative<std::monostate>(value)) continue;
    words.push_back(absl::StrCat(decision.label, "=", decision.domain.Text(value)));
  }
  return absl::StrCat(space.name(), "\n", absl::StrJoin(words, "  "));
}

std::string CheckPicture(const std::string& file) {
  return file == "-" ? "" : std::string(picture::FormatOf(file).status().message());
}

}  // namespace

void AddDrawingOptions(CLI::App& command, DrawingOptions& options) {
  command.add_option("--part", options.part, "Only this part of the network, e.g. a cell's path");
  command.add_flag("--overview", options.overview, "A box for each part instead of all its nodes");
  command.add_flag("--live", options.live, "The network that is trained, not all that is built");
  command.add_option("--to", options.to, "File, .svg, .png or .pdf (else the DOT text is printed)")
      ->check(CheckPicture);
}

absl::StatusOr<int> DrawNetwork(Context& context, const space::Space& space,
                                const space::Genotype& genotype, const DrawingOptions& options) {
  NASCENT_ASSIGN_OR_RETURN(const auto architecture, space.BuildArchitecture(genotype));
  const network::Network& drawn = options.live ? architecture.live : architecture.published;
  const network::DrawOptions look{
      .title = Title(space, genotype), .part = options.part, .overview = options.overview};
  NASCENT_ASSIGN_OR_RETURN(const auto dot, network::ToDot(drawn, look));
  const std::string notation = space.Print(genotype);
  if (options.to.empty() || options.to == "-") {
    if (context.json()) {
      context.PrintJson(spec::Json::Object().Set("genotype", notation).Set("dot", dot));
    } else {
      context.Print(dot);
    }
    return kSuccess;
  }
  NASCENT_RETURN_IF_ERROR(picture::DrawWithGraphviz(dot, options.to));
  if (context.json()) {
    context.PrintJson(spec::Json::Object().Set("genotype", notation).Set("file", options.to));
    return kSuccess;
  }
  context.Print(absl::StrCat("Picture of ", notation, ": ", options.to));
  if (drawn.nodes.size() > kManyNodes && !options.overview && options.part.empty()) {
    context.Note(absl::StrCat("note: it has ", drawn.nodes.size(),
                              " nodes; --overview shows its parts on a page, --part one of them"));
  }
  return kSuccess;
}

}  // namespace nascent::cli
