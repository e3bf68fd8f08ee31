"""A worker that answers from a table. See README.md, and docs/worker.md for the protocol."""

import argparse
import csv
import hashlib
import random
import signal
import socket
import sys
import threading
import time
import uuid

import grpc

from nascent.v1 import artifact_service_pb2, artifact_service_pb2_grpc
from nascent.v1 import task_pb2, trial_pb2, worker_service_pb2, worker_service_pb2_grpc

TRANSIENT = {
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.ABORTED,
}


def call(method, request, timeout=10):
    """Calls until there is an answer. The request id stays the same, so it happens once."""
    pause = 0.1
    while True:
        try:
            return method(request, timeout=timeout)
        except grpc.RpcError as error:
            if error.code() not in TRANSIENT:
                raise
        time.sleep(random.uniform(pause / 2, pause))
        pause = min(10, pause * 1.6)


def request_id():
    return uuid.uuid4().hex


def network_key(network):
    """Names a network by its content."""
    return hashlib.sha256(network.SerializeToString(deterministic=True)).hexdigest()


def evaluate(task, table, report):
    """Carries out a task: yields to `report(done, measurements)` after each epoch; False means stop.

    Gives the measurements that are left. Your training goes here.
    """
    test = task.HasField("final_test")
    train = task.final_test.training if test else task.train
    epochs = train.fidelity.epochs or train.recipe.epochs or 1
    accuracy = table.get(network_key(train.network))
    if accuracy is None:
        accuracy = 1 - 1 / (2 + len(train.network.nodes))
    for epoch in range(1, epochs + 1):
        value = accuracy * epoch / epochs
        measurement = trial_pb2.Measurement(
            metric="validation_accuracy", epoch=epoch, step=epoch, value=value
        )
        if not report(epoch / epochs, [measurement]):
            break
    if not test:
        return []
    return [
        trial_pb2.Measurement(metric="test_accuracy", epoch=epochs, step=epochs, value=accuracy),
        trial_pb2.Measurement(metric="test_loss", epoch=epochs, step=epochs, value=1 - accuracy),
    ]


class Worker:
    def __init__(self, server, name, table):
        channel = grpc.insecure_channel(server)
        self.stub = worker_service_pb2_grpc.WorkerServiceStub(channel)
        self.artifacts = artifact_service_pb2_grpc.ArtifactServiceStub(channel)
        self.name = name
        self.table = table
        self.ending = threading.Event()

    def register(self):
        answer = call(
            self.stub.Register,
            worker_service_pb2.RegisterRequest(
                request_id=request_id(),
                name=self.name,
                protocol_version=1,
                evaluator="table",
                evaluator_version="1",
                slots=[worker_service_pb2.Device(kind="cpu", model="table", memory_bytes=1 << 30)],
                task_kinds=[task_pb2.TASK_KIND_TRAIN, task_pb2.TASK_KIND_FINAL_TEST],
            ),
        )
        self.worker_id = answer.worker_id
        self.renew_interval = answer.renew_interval.ToTimedelta().total_seconds()
        print(f"registered as worker {self.worker_id}", flush=True)

    def run(self):
        self.register()
        while not self.ending.is_set():
            request = worker_service_pb2.LeaseRequest(
                request_id=request_id(), worker_id=self.worker_id, slot=0
            )
            request.wait.FromSeconds(2)
            try:
                lease = call(self.stub.Lease, request, timeout=10)
                if lease.HasField("attempt"):
                    self.carry_out(lease)
            except grpc.RpcError as error:
                if error.code() == grpc.StatusCode.NOT_FOUND:
                    self.register()
                elif error.code() == grpc.StatusCode.FAILED_PRECONDITION:
                    print(f"dropped: {error.details()}", flush=True)  # FENCED: another has it
                else:
                    raise

    def carry_out(self, lease):
        pending = []
        stop = worker_service_pb2.STOP_REASON_UNSPECIFIED
        renewed = time.monotonic()

        def report(done, measurements):
            nonlocal stop, renewed
            pending.extend(measurements)
            if self.ending.is_set():
                stop = worker_service_pb2.STOP_REASON_PREEMPTED
            elif time.monotonic() - renewed >= self.renew_interval:
                answer = call(
                    self.stub.Renew,
                    worker_service_pb2.RenewRequest(
                        request_id=request_id(),
                        worker_id=self.worker_id,
                        attempt=lease.attempt,
                        measurements=pending,
                        progress=done,
                    ),
                )
                pending.clear()
                renewed = time.monotonic()
                stop = answer.stop
            return stop == worker_service_pb2.STOP_REASON_UNSPECIFIED

        left = evaluate(lease.task, self.table, report)
        common = dict(request_id=request_id(), worker_id=self.worker_id, attempt=lease.attempt)
        if stop == worker_service_pb2.STOP_REASON_CANCELLED:
            return
        if stop == worker_service_pb2.STOP_REASON_PREEMPTED:
            call(self.stub.Release, worker_service_pb2.ReleaseRequest(reason="SIGTERM", **common))
            return
        answer = call(
            self.stub.Complete,
            worker_service_pb2.CompleteRequest(
                measurements=pending + left,
                stopped=stop == worker_service_pb2.STOP_REASON_EARLY,
                **common,
            ),
        )
        print(f"trial {lease.trial_number} of search {lease.search_id} done", flush=True)
        if answer.weights_wanted:
            self.store_weights(lease, b"from a table, there are no weights")

    def store_weights(self, lease, weights):
        """The final test of a winner waits for its weights."""
        sha256 = hashlib.sha256(weights).hexdigest()
        stat = call(self.artifacts.Stat, artifact_service_pb2.StatRequest(sha256=sha256))
        if not stat.complete:
            put = artifact_service_pb2.PutRequest
            header = artifact_service_pb2.PutHeader(
                sha256=sha256, size=len(weights), offset=stat.received
            )
            self.artifacts.Put(iter([put(header=header), put(chunk=weights[stat.received :])]))
        call(
            self.artifacts.SetWeights,
            artifact_service_pb2.SetWeightsRequest(
                request_id=request_id(),
                worker_id=self.worker_id,
                trial_id=lease.attempt.trial_id,
                attempt=lease.attempt.attempt,
                sha256=sha256,
            ),
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", default="127.0.0.1:7301")
    parser.add_argument("--name", default=f"{socket.gethostname()}-table")
    parser.add_argument("--table", help="CSV with the columns key and validation_accuracy")
    arguments = parser.parse_args()
    table = {}
    if arguments.table:
        with open(arguments.table, newline="") as file:
            for row in csv.DictReader(file):
                table[row["key"]] = float(row["validation_accuracy"])
    worker = Worker(arguments.server, arguments.name, table)
    signal.signal(signal.SIGTERM, lambda *_: worker.ending.set())
    signal.signal(signal.SIGINT, lambda *_: worker.ending.set())
    worker.run()


if __name__ == "__main__":
    sys.exit(main())
