// The space that a `space` command works on: a preset or a file, constants, input and classes.

#ifndef NASCENT_CLIENT_CLI_SPACE_SOURCE_H_
#define NASCENT_CLIENT_CLI_SPACE_SOURCE_H_

#include <CLI/App.hpp>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/space/space.h"
#include "nascent/v1/data.pb.h"
#include "nascent/v1/search.pb.h"

namespace nascent::cli {

struct SpaceSource {
  std::string space;              // a preset's name or a file's path
  std::vector<std::string> set;   // NAME=VALUE
  std::string input = "3x32x32";  // channels × height × width
  int64_t classes = 10;
  space::OutputRule output = space::OutputRule::kAny;
};

// Which space, and the rest.
void AddSpaceOptions(CLI::App& command, SpaceSource& source);
// The rest: constants, input, classes.
void AddSpaceConstants(CLI::App& command, SpaceSource& source);

struct LoadedSpace {
  std::shared_ptr<const space::Space> space;
  std::string text;
  std::string file;  // path, or "preset:NAME"
};

// NOT_FOUND with the nearest preset when `space` is neither a preset nor a file. With `known` the
// constants of that architecture count where `set` does not say otherwise.
absl::StatusOr<LoadedSpace> LoadSpace(const SpaceSource& source, const std::string& known = "");

// The space of a search, for an input and classes of its data set. What is searched of the recipe
// is part of it.
absl::StatusOr<LoadedSpace> LoadSpace(const v1::SearchSpec& spec, const v1::Dataset& dataset);

// A genotype as any command printed it. What it holds of the recipe ("recipe.batch": 64) is left
// out where the space does not search it: a network does not depend on it.
absl::StatusOr<space::Genotype> ReadGenotype(const space::Space& space, const std::string& text);

// "8", "0.5", "true", "[1, 2]" or a text, as a template's constant.
space::Constant ParseConstant(const std::string& text);

// A domain for people: "a | b | c", "1 to 9", "0.01 to 0.5, log".
std::string DomainText(const space::Domain& domain);
std::string ConstantText(const space::Constant& constant);

}  // namespace nascent::cli

#endif  // NASCENT_CLIENT_CLI_SPACE_SOURCE_H_
