// Pictures of networks, for `draw` and `space draw`.

#ifndef NASCENT_CLIENT_CLI_DRAWING_H_
#define NASCENT_CLIENT_CLI_DRAWING_H_

#include <CLI/App.hpp>
#include <string>

#include "absl/status/statusor.h"
#include "client/cli/context.h"
#include "common/space/space.h"

namespace nascent::cli {

struct DrawingOptions {
  std::string part;
  bool overview = false;
  bool live = false;
  std::string to;
};

void AddDrawingOptions(CLI::App& command, DrawingOptions& options);

// Draws the genotype's network to --to, or prints it as DOT. The exit status.
absl::StatusOr<int> DrawNetwork(Context& context, const space::Space& space,
                                const space::Genotype& genotype, const DrawingOptions& options);

}  // namespace nascent::cli

#endif  // NASCENT_CLIENT_CLI_DRAWING_H_
