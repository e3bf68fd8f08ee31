"""A strategy in Python: evolution by tournaments. See README.md; docs/external-strategy.md has the protocol."""

import argparse
import math
import random
import signal
import threading
from concurrent import futures

import grpc

from nascent.v1 import search_pb2, space_pb2, strategy_service_pb2 as messages
from nascent.v1 import strategy_service_pb2_grpc, trial_pb2

POPULATION = 30  # the youngest so many results are parents
SAMPLE = 8  # of them enter a tournament
MOST_SESSIONS = 100  # those not used for longest are forgotten; the coordinator tells them again


def draw(domain, rng):
    """A value of a domain: an option's index, a whole number or a real one."""
    kind = domain.WhichOneof("kind")
    if kind in ("choice", "ordered"):
        return rng.randrange(len(getattr(domain, kind).values))
    ends = getattr(domain, kind)
    low, high = ends.minimum, ends.maximum
    if kind.startswith("log_"):
        value = math.exp(rng.uniform(math.log(low), math.log(high)))
    else:
        value = rng.uniform(low, high)
    value = min(max(value, low), high)
    return round(value) if kind.endswith("integer") else value


def complete(decisions, values, rng):
    """A genotype with `values` where they are given: gaps are drawn, what is inactive is dropped."""
    settled = {}
    for index, decision in enumerate(decisions):
        active = not decision.active_when or any(
            all(settled.get(term.decision) in term.values for term in condition.terms)
            for condition in decision.active_when
        )
        if active:
            given = values.get(index)
            settled[index] = draw(decision.domain, rng) if given is None else given
    return settled


def to_message(decisions, values):
    genotype = space_pb2.Genotype()
    for index, value in values.items():
        kind = decisions[index].domain.WhichOneof("kind")
        field = "option" if kind in ("choice", "ordered") else "integer" if "integer" in kind else "real"
        genotype.values.add(label=decisions[index].label, **{field: value})
    return genotype


def from_message(decisions, genotype):
    index = {decision.label: i for i, decision in enumerate(decisions)}
    return {index[value.label]: getattr(value, value.WhichOneof("value")) for value in genotype.values}


class Session:
    """One search: a fold over its events."""

    def __init__(self, problem):
        self.problem = problem
        self.observed = 0
        self.genotypes = {}  # of open trials, by number
        self.results = []  # (score, trial, genotype), oldest first

    def observe(self, event):
        self.observed += 1
        if event.HasField("proposed"):
            proposed = event.proposed
            self.genotypes[proposed.trial] = from_message(self.problem.decisions, proposed.genotype)
        elif event.HasField("finished"):
            finished = event.finished
            genotype = self.genotypes.pop(finished.trial, None)
            objective = self.problem.objectives[0]
            score = finished.metrics.get(objective.metric)
            if genotype is None or score is None or finished.state == trial_pb2.TRIAL_STATE_FAILED:
                return
            sign = -1 if objective.goal == search_pb2.GOAL_MINIMIZE else 1
            self.results.append((sign * score, finished.trial, genotype))
            del self.results[:-POPULATION]

    def propose(self, number, attempt):
        # The same question gets the same answer, also from a server that was started again.
        rng = random.Random(f"{self.problem.seed} {number} {attempt}")
        decisions = self.problem.decisions
        if len(self.results) < SAMPLE:
            return to_message(decisions, complete(decisions, {}, rng)), [], "random, to begin with"
        _, parent, values = max(rng.sample(self.results, SAMPLE), key=lambda result: result[0])
        child = dict(values)
        changed = rng.choice(list(child))
        for _ in range(20):
            child[changed] = draw(decisions[changed].domain, rng)
            if child[changed] != values[changed]:
                break
        reason = f"mutation of {decisions[changed].label}"
        return to_message(decisions, complete(decisions, child, rng)), [parent], reason


class Strategy(strategy_service_pb2_grpc.StrategyServiceServicer):
    def __init__(self):
        self.lock = threading.Lock()
        self.sessions = {}

    def find(self, name, context):
        session = self.sessions.pop(name, None)
        if session is None:
            context.abort(grpc.StatusCode.NOT_FOUND, "no such session")
        self.sessions[name] = session  # now the last used
        return session

    def Open(self, request, context):
        with self.lock:
            self.sessions[request.session] = Session(request.problem)
            while len(self.sessions) > MOST_SESSIONS:
                del self.sessions[next(iter(self.sessions))]
        return messages.OpenSessionResponse()

    def Observe(self, request, context):
        with self.lock:
            session = self.find(request.session, context)
            for event in request.events[max(0, session.observed - request.first) :]:
                session.observe(event)
        return messages.ObserveResponse()

    def Propose(self, request, context):
        with self.lock:
            session = self.find(request.session, context)
            genotype, parents, reason = session.propose(request.number, request.attempt)
        proposal = messages.StrategyProposal(genotype=genotype, parents=parents, reason=reason)
        return messages.ProposeResponse(proposal=proposal)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--listen", default="127.0.0.1:7310")
    options = parser.parse_args()
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
    strategy_service_pb2_grpc.add_StrategyServiceServicer_to_server(Strategy(), server)
    if server.add_insecure_port(options.listen) == 0:
        raise SystemExit(f"can't listen at {options.listen}")
    server.start()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: server.stop(grace=1))
    print(f"listening at {options.listen}", flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    main()
