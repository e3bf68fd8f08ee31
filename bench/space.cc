// nascent-bench space: how many networks and costs a second one core makes from genotypes.

#include "common/space/space.h"

#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "bench/benchmarks.h"
#include "bench/or_throw.h"
#include "common/network/key.h"
#include "common/network/live.h"
#include "common/network/random_network.h"
#include "common/random.h"
#include "common/space/presets.h"
#include "common/space/sampler.h"

namespace nascent::bench {
namespace {

constexpr int kGenotypes = 500;

struct Options {
  std::vector<std::string> presets;
  double seconds = 2;
  int64_t memory_samples = 0;
  std::string output = "table";
};

struct Row {
  std::string preset;
  double networks_per_second = 0;
  double costs_per_second = 0;
  double nodes = 0;  // of the published network, mean
};

// Of this thread: what else runs on the machine does not count.
double ProcessorSeconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// Runs `work` on 0, 1, 2, … for a while; calls per second of the processor.
double RatePerSecond(double seconds, const std::function<void(int64_t)>& work) {
  const double start = ProcessorSeconds();
  int64_t calls = 0;
  double elapsed = 0;
  while (elapsed < seconds) {
    for (int k = 0; k < 20; ++k) work(calls++);
    elapsed = ProcessorSeconds() - start;
  }
  return static_cast<double>(calls) / elapsed;
}

double ResidentMegabytes() {
  std::ifstream file("/proc/self/statm");
  int64_t total = 0, resident = 0;
  file >> total >> resident;
  return static_cast<double>(resident * sysconf(_SC_PAGESIZE)) / 1e6;
}

std::shared_ptr<const space::Space> SpaceOf(const space::Preset& preset) {
  space::SpaceOptions options;
  // Presets for large images say so by their known architectures.
  if (preset.name == "mobilenet-v3" || preset.name == "resnet-size") options.input = {3, 224, 224};
  return OrThrow(space::Space::Parse(preset.text, preset.name, options));
}

std::vector<space::Genotype> GenotypesOf(const space::Space& of) {
  RandomStream random(1, 0);
  std::vector<space::Genotype> genotypes;
  for (int i = 0; i < kGenotypes; ++i) genotypes.push_back(OrThrow(space::Sample(of, random)));
  return genotypes;
}

Row Measure(const space::Preset& preset, double seconds) {
  const auto space = SpaceOf(preset);
  const std::vector<space::Genotype> genotypes = GenotypesOf(*space);
  const auto genotype = [&](int64_t i) -> const space::Genotype& {
    return genotypes[i % kGenotypes];
  };
  Row row;
  row.preset = preset.name;
  for (const space::Genotype& g : genotypes) {
    row.nodes += static_cast<double>(OrThrow(space->Build(g)).nodes.size()) / kGenotypes;
  }
  row.networks_per_second = RatePerSecond(seconds, [&](int64_t i) {
    network::ComputeKey(OrThrow(space->BuildArchitecture(genotype(i))).live);
  });
  row.costs_per_second =
      RatePerSecond(seconds, [&](int64_t i) { OrThrow(space->ComputeCosts(genotype(i))); });
  return row;
}

// Milliseconds for the key of a random network with about 2,000 live nodes.
double KeyMilliseconds() {
  RandomStream random(1, 7);
  const network::Network live = network::Live(network::RandomNetwork(random, 6000));
  return 1e3 / RatePerSecond(0.5, [&](int64_t) { network::ComputeKey(live); });
}

void PrintTable(const std::vector<Row>& rows, double key_ms) {
  absl::PrintF("%-18s %8s %12s %12s\n", "preset", "nodes", "networks/s", "costs/s");
  for (const Row& row : rows) {
    absl::PrintF("%-18s %8.0f %12.0f %12.0f\n", row.preset, row.nodes, row.networks_per_second,
                 row.costs_per_second);
  }
  absl::PrintF("key of 2,000 nodes: %.1f ms\n", key_ms);
}

void PrintJson(const std::vector<Row>& rows, double key_ms) {
  const std::string presets = absl::StrJoin(rows, ", ", [](std::string* out, const Row& row) {
    absl::StrAppendFormat(
        out, "\"%s\": {\"nodes\": %.1f, \"networks_per_second\": %.0f, \"costs_per_second\": %.0f}",
        row.preset, row.nodes, row.networks_per_second, row.costs_per_second);
  });
  absl::PrintF("{\"presets\": {%s}, \"key_of_2000_nodes_ms\": %.2f}\n", presets, key_ms);
}

// The resident memory along many samples of one preset.
void WatchMemory(const std::string& preset, int64_t samples) {
  const space::Preset* found = space::FindPreset(preset);
  if (found == nullptr) throw std::runtime_error("no preset is called " + preset);
  const auto space = SpaceOf(*found);
  RandomStream random(2, 0);
  for (int64_t i = 0; i < samples; ++i) {
    if (i % std::max<int64_t>(samples / 10, 1) == 0) {
      absl::PrintF("%d samples: %.1f MB\n", i, ResidentMegabytes());
      std::fflush(stdout);  // a long run may be cut short
    }
    network::ComputeKey(
        OrThrow(space->BuildArchitecture(OrThrow(space::Sample(*space, random)))).live);
  }
  absl::PrintF("%d samples: %.1f MB\n", samples, ResidentMegabytes());
}

void Run(const Options& options) {
  if (options.memory_samples > 0) {
    WatchMemory(options.presets.empty() ? "nas-bench-201" : options.presets[0],
                options.memory_samples);
    return;
  }
  std::vector<Row> rows;
  for (const space::Preset& preset : space::Presets()) {
    const bool wanted = options.presets.empty() ||
                        std::ranges::find(options.presets, preset.name) != options.presets.end();
    if (wanted) rows.push_back(Measure(preset, options.seconds));
  }
  if (rows.empty()) throw std::runtime_error("no preset is called " + options.presets[0]);
  (options.output == "json" ? PrintJson : PrintTable)(rows, KeyMilliseconds());
}

}  // namespace

void AddSpace(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* space = app.add_subcommand(
      "space", "Networks and costs made from genotypes, per second on one core, for each preset.");
  space->add_option("--preset", options->presets, "Only these presets.");
  space->add_option("--seconds", options->seconds, "Length of each measurement.")
      ->check(CLI::Range(0.1, 600.0))
      ->capture_default_str();
  space->add_option("--memory-samples", options->memory_samples,
                    "Print the resident memory along so many samples instead.");
  space->add_option("--output", options->output, "table or json.")
      ->check(CLI::IsMember({"table", "json"}))
      ->capture_default_str();
  space->callback([options] { Run(*options); });
}

}  // namespace nascent::bench
