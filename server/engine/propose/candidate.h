// What follows from a genotype and a rung: network, costs, key, recipe and notation.

#ifndef NASCENT_SERVER_ENGINE_PROPOSE_CANDIDATE_H_
#define NASCENT_SERVER_ENGINE_PROPOSE_CANDIDATE_H_

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/space/space.h"
#include "common/sync.h"
#include "nascent/v1/network.pb.h"
#include "nascent/v1/recipe.pb.h"
#include "nascent/v1/space.pb.h"
#include "server/engine/propose/network_shelf.h"
#include "server/engine/resolve/metrics.h"
#include "server/engine/resolve/resolve_search.h"

namespace nascent::engine {

struct Candidate {
  space::Genotype genotype;
  int rung = 0;
  // Why there is no network, or which constraint on costs it breaks.
  absl::Status status;
  v1::Genotype message;
  std::string notation;
  v1::Recipe recipe;  // resolved, with the genotype's decisions
  v1::Costs costs;
  Metrics cost_values;  // of the rung's network, by metric; empty without networks
  std::string key;      // empty without keys
  int key_version = 0;
  // Key and searched recipe: what makes two candidates of one search the same architecture.
  std::string architecture;
};

// How much of a candidate a search needs.
struct CandidateOptions {
  bool networks = true;  // build and cost the network
  bool keys = true;      // and label it canonically
  // Where networks are kept for those who lease them. Copies of the options share it.
  std::shared_ptr<NetworkShelf> shelf = std::make_shared<NetworkShelf>();
};

// Makes candidates and remembers the latest. Thread-safe; searches with the same specification may
// share one.
class CandidateMaker {
 public:
  CandidateMaker(std::shared_ptr<const ResolvedSearch> search, CandidateOptions options);

  // `rung` is an index into the search's rungs. Never null.
  std::shared_ptr<const Candidate> Make(const space::Genotype& genotype, int rung);

  // Whether the whole genotype keeps the space's rules and the constraints on costs; quicker than
  // Make, so that strategies may ask it of many.
  bool IsFeasible(const space::Genotype& genotype);
  // The costs of the whole genotype's network, by metric; empty without networks.
  Metrics Costs(const space::Genotype& genotype);

  // The live network as workers get it.
  absl::StatusOr<std::shared_ptr<const v1::Network>> Network(const space::Genotype& genotype,
                                                             int rung);

  const ResolvedSearch& search() const { return *search_; }

 private:
  using Id = std::pair<space::Genotype, int>;
  using Entries = std::list<std::pair<Id, std::shared_ptr<const Candidate>>>;

  // Puts its network on the shelf.
  std::shared_ptr<const Candidate> Build(const Id& id) const;
  std::shared_ptr<const Candidate> Find(const Id& id);
  NetworkShelf::Id OnShelf(const Id& id) const { return {number_, id.first, id.second}; }

  const std::shared_ptr<const ResolvedSearch> search_;
  const CandidateOptions options_;
  const int64_t number_;  // no other maker of this process has it

  Mutex mutex_;
  Entries candidates_ ABSL_GUARDED_BY(mutex_);  // oldest first
  absl::flat_hash_map<Id, Entries::iterator> index_ ABSL_GUARDED_BY(mutex_);
};

// Returns SHA-256 (hexadecimal) of what decides the result of training `candidate` but for who
// trains it: key and its version, data and split, recipe, fidelity, the scores that are measured
// and, where a metric depends on it, the device. Empty where the search shares nothing or the
// candidate has no key.
std::string EvaluationSubject(const Candidate& candidate, const ResolvedSearch& search);

// Returns the identity of the evaluation of a subject by an evaluator, in the same form. Empty
// without a subject.
std::string EvaluationIdentity(const std::string& subject, const std::string& evaluator);

}  // namespace nascent::engine

#endif  // NASCENT_SERVER_ENGINE_PROPOSE_CANDIDATE_H_
