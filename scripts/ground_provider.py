"""Stands in for Terraform's AWS provider: serves its schema and plans, and refuses to make anything.

Owns: Terraform's plugin protocol, version 6, over a socket that Terraform is told of (TF_REATTACH_PROVIDERS), so one
process serves every command. Deliberately absent: any connection to AWS, and the rules of the provider's own code.
Usage: ground_provider.py SCHEMA SOCKET; it says `ready` and serves until its standard input ends.
"""

import json
import sys
from concurrent import futures

import grpc
import msgpack
from tf.gen import grpc_controller_pb2 as controller
from tf.gen import grpc_controller_pb2_grpc as controller_service
from tf.gen import tfplugin_pb2 as protocol
from tf.gen import tfplugin_pb2_grpc as protocol_service

UNKNOWN = msgpack.ExtType(0, b"\x00")
NESTING = protocol.Schema.NestedBlock
NESTINGS = {"list": NESTING.LIST, "set": NESTING.SET, "single": NESTING.SINGLE}
PLACEHOLDERS = {"string": "rehearsed", "number": 0, "bool": False, "list": [], "set": [], "map": {}}


class StandIn(protocol_service.ProviderServicer):
    """What Terraform asks of a provider when it validates, plans and tests."""

    def __init__(self, known):
        self.known = known
        self.default_tags = {}

    def GetMetadata(self, _request, _context):
        kinds = protocol.GetMetadata
        return kinds.Response(
            resources=[kinds.ResourceMetadata(type_name=name) for name in self.known["resources"]],
            data_sources=[kinds.DataSourceMetadata(type_name=name) for name in self.known["data"]],
        )

    def GetProviderSchema(self, _request, _context):
        return protocol.GetProviderSchema.Response(
            provider=schema(self.known["provider"]),
            resource_schemas={name: schema(shape) for name, shape in self.known["resources"].items()},
            data_source_schemas={name: schema(shape) for name, shape in self.known["data"].items()},
        )

    def ValidateProviderConfig(self, _request, _context):
        return protocol.ValidateProviderConfig.Response()

    def ValidateResourceConfig(self, _request, _context):
        return protocol.ValidateResourceConfig.Response()

    def ValidateDataResourceConfig(self, _request, _context):
        return protocol.ValidateDataResourceConfig.Response()

    def ConfigureProvider(self, request, _context):
        tags = unpacked(request.config).get("default_tags") or [{}]
        self.default_tags = tags[0].get("tags") or {}
        return protocol.ConfigureProvider.Response()

    def UpgradeResourceState(self, request, _context):
        return protocol.UpgradeResourceState.Response(
            upgraded_state=protocol.DynamicValue(json=request.raw_state.json)
        )

    def ReadResource(self, request, _context):
        return protocol.ReadResource.Response(new_state=request.current_state)

    def PlanResourceChange(self, request, _context):
        planned = unpacked(request.proposed_new_state)
        if isinstance(planned, dict) and "tags_all" in planned:
            planned["tags_all"] = {**self.default_tags, **(planned["tags"] or {})}
        if unpacked(request.prior_state) is None:
            planned = with_results(self.known["resources"][request.type_name], planned, lambda _type: UNKNOWN)
        return protocol.PlanResourceChange.Response(planned_state=packed(planned))

    def ApplyResourceChange(self, _request, _context):
        refusal = protocol.Diagnostic(
            severity=protocol.Diagnostic.ERROR,
            summary="This is a rehearsal: nothing is made",
            detail="The AWS provider is a stand-in that only plans. Leave the rehearsal to apply.",
        )
        return protocol.ApplyResourceChange.Response(diagnostics=[refusal])

    def ReadDataSource(self, request, _context):
        read = with_results(self.known["data"][request.type_name], unpacked(request.config), placeholder)
        return protocol.ReadDataSource.Response(state=packed(read))

    def GetFunctions(self, _request, _context):
        return protocol.GetFunctions.Response()

    def StopProvider(self, _request, _context):
        return protocol.StopProvider.Response()


class Controller(controller_service.GRPCControllerServicer):
    """Every Terraform command says goodbye; the next one needs the process still."""

    def Shutdown(self, _request, _context):
        return controller.Empty()


def schema(shape):
    return protocol.Schema(version=0, block=block(shape))


def block(shape):
    attributes = [
        protocol.Schema.Attribute(
            name=name,
            type=json.dumps(attribute["type"]).encode(),
            required=attribute["required"],
            optional=attribute["optional"],
            computed=attribute["computed"],
        )
        for name, attribute in sorted(shape["attributes"].items())
    ]
    blocks = [
        NESTING(
            type_name=name,
            block=block(nested),
            nesting=NESTINGS[nested["nesting"]],
            min_items=nested["least"],
            max_items=nested["most"],
        )
        for name, nested in sorted(shape["blocks"].items())
    ]
    return protocol.Schema.Block(version=0, attributes=attributes, block_types=blocks)


def with_results(shape, value, result):
    """The value with `result(type)` wherever the provider would fill something in that the configuration leaves out."""
    if not isinstance(value, dict):
        return value
    for name, attribute in shape["attributes"].items():
        if attribute["computed"] and value.get(name) is None:
            value[name] = result(attribute["type"])
    for name, nested in shape["blocks"].items():
        if isinstance(value.get(name), list):
            value[name] = [with_results(nested, each, result) for each in value[name]]
    return value


def placeholder(kind):
    if isinstance(kind, str):
        return PLACEHOLDERS.get(kind)
    if kind[0] == "object":
        return {name: placeholder(member) for name, member in kind[1].items()}
    return PLACEHOLDERS[kind[0]]


def unpacked(value):
    if value.msgpack:
        return msgpack.unpackb(value.msgpack, strict_map_key=False)
    return json.loads(value.json) if value.json else None


def packed(value):
    return protocol.DynamicValue(msgpack=msgpack.packb(value))


def main(schema_file, socket):
    with open(schema_file, encoding="utf-8") as file:
        known = json.load(file)
    server = grpc.server(futures.ThreadPoolExecutor(4), options=[("grpc.max_send_message_length", -1)])
    protocol_service.add_ProviderServicer_to_server(StandIn(known), server)
    controller_service.add_GRPCControllerServicer_to_server(Controller(), server)
    server.add_insecure_port(f"unix:{socket}")
    server.start()
    print("ready", flush=True)
    sys.stdin.read()
    server.stop(None)


if __name__ == "__main__":
    main(*sys.argv[1:])
