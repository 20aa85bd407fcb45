"""What the installed libaravis says of its functions, from its typelib: {symbol: [returned, arguments...]} as JSON."""
import json

import gi

gi.require_version("GIRepository", "2.0")
from gi.repository import GIRepository as G

repository = G.Repository.get_default()
repository.require("Aravis", "0.8", 0)

plain = {
    G.TypeTag.BOOLEAN: "int",
    G.TypeTag.INT8: "int8",
    G.TypeTag.UINT8: "uint8",
    G.TypeTag.INT16: "int16",
    G.TypeTag.UINT16: "uint16",
    G.TypeTag.INT32: "int",
    G.TypeTag.UINT32: "uint",
    G.TypeTag.INT64: "int64",
    G.TypeTag.UINT64: "uint64",
    G.TypeTag.FLOAT: "float",
    G.TypeTag.DOUBLE: "double",
    G.TypeTag.UTF8: "text",
}


def named(type_info):
    tag = G.type_info_get_tag(type_info)
    if tag == G.TypeTag.VOID:
        return "pointer" if G.type_info_is_pointer(type_info) else "void"
    if tag == G.TypeTag.INTERFACE:
        kind = G.type_info_get_interface(type_info).get_type()
        return "int" if kind in (G.InfoType.ENUM, G.InfoType.FLAGS) else "pointer"
    return plain.get(tag, "pointer")


def described(function):
    arguments = []
    if G.function_info_get_flags(function) & G.FunctionInfoFlags.IS_METHOD:
        arguments.append("pointer")
    for index in range(G.callable_info_get_n_args(function)):
        argument = G.callable_info_get_arg(function, index)
        out = G.arg_info_get_direction(argument) != G.Direction.IN
        name = named(G.arg_info_get_type(argument))
        arguments.append(("out " if out else "") + name)
    if G.function_info_get_flags(function) & G.FunctionInfoFlags.THROWS:
        arguments.append("out pointer")
    return [named(G.callable_info_get_return_type(function)), *arguments]


found = {}


def take(function):
    found[G.function_info_get_symbol(function)] = described(function)


for index in range(repository.get_n_infos("Aravis")):
    info = repository.get_info("Aravis", index)
    kind = info.get_type()
    if kind == G.InfoType.FUNCTION:
        take(info)
    elif kind == G.InfoType.OBJECT:
        for at in range(G.object_info_get_n_methods(info)):
            take(G.object_info_get_method(info, at))

print(json.dumps(found))
