"""Reads what Terraform's AWS provider knows of its resources from a published package of bindings that is made from it.

Owns: the form of those bindings (JavaScript, one file per resource) and the schema that comes of them: attributes with
their types, nested blocks with how often they may occur. Deliberately absent: everything that only the provider's code
knows, such as which values an argument may have, and the settings of the provider itself but for the two in use.
"""

import re
import tarfile

# One argument or result: a comment with its kind, then the accessor that shows its type, up to the next such comment.
FIELD = re.compile(r"^    // (\w+) - computed: (true|false), optional: (true|false), required: (true|false)$", re.M)
CLASS = re.compile(r"^class (\w+) extends \w+\.(\w+) \{\n(.*?)^\}", re.M | re.S)
NESTED = re.compile(r'new (\w+?)(OutputReference|List)\(this, "\w+"(?:, (true|false))?\)')
SIMPLE = re.compile(r"this\.get(\w+)Attribute\(|new \w+\.(\w+Map)\(this")
IN_TABLE = re.compile(r"^ +(\w+): \{\n +value: [^\n]*\n +isBlock: true,", re.M)
RESOURCE = re.compile(r'^\s*(resource|data)\s+"aws_(\w+)"', re.M)

TYPES = {
    "String": "string",
    "Number": "number",
    "Boolean": "bool",
    "List": ["list", "string"],
    "NumberList": ["list", "number"],
    "StringMap": ["map", "string"],
    "NumberMap": ["map", "number"],
    "BooleanMap": ["map", "bool"],
}

OPTIONAL = {"computed": False, "optional": True, "required": False}
PROVIDER = {
    "attributes": {"region": {"type": "string", **OPTIONAL}},
    "blocks": {
        "default_tags": {
            "nesting": "list",
            "least": 0,
            "most": 1,
            "attributes": {"tags": {"type": ["map", "string"], **OPTIONAL}},
            "blocks": {},
        }
    },
}


def used(folders):
    """The kinds of resources and data sources that the configurations in these folders name, as (word, kind)."""
    files = [path for folder in folders for path in sorted(folder.glob("*.tf"))]
    return sorted({found for path in files for found in RESOURCE.findall(path.read_text())})


def schema(package, wanted):
    """The provider's schema for these kinds; one that the package does not have is left out, so Terraform names it."""
    kinds = {"resource": {}, "data": {}}
    with tarfile.open(package) as archive:
        for word, kind in wanted:
            name = f"package/lib/{'data-aws-' if word == 'data' else ''}{kind.replace('_', '-')}/index.js"
            try:
                text = archive.extractfile(name).read().decode()
            except KeyError:
                continue
            kinds[word][f"aws_{kind}"] = Bindings(text).whole()
    return {"provider": PROVIDER, "resources": kinds["resource"], "data": kinds["data"]}


class Bindings:
    """The classes of one resource: one for itself, and one for each nested block or object."""

    def __init__(self, text):
        self.text = text
        self.parents = {name: parent for name, parent, _ in CLASS.findall(text)}
        self.bodies = {name: body for name, _, body in CLASS.findall(text)}

    def whole(self):
        name = next(n for n, parent in self.parents.items() if parent in ("TerraformResource", "TerraformDataSource"))
        table = re.search(r"synthesizeHclAttributes\(\) \{.*?^    \}", self.bodies[name], re.M | re.S)
        return self.shape(name, table)

    def shape(self, name, table):
        """Attributes and blocks of a class; `table` is where the bindings say which of them are blocks."""
        body = self.bodies[name]
        are_blocks = set(IN_TABLE.findall(table[0])) if table else set()
        attributes, blocks = {}, {}
        fields = list(FIELD.finditer(body))
        for field, following in zip(fields, [*fields[1:], None]):
            accessor = body[field.end() : following.start() if following else len(body)]
            word, *kind = field.groups()
            computed, optional, required = (flag == "true" for flag in kind)
            nested = NESTED.search(accessor)
            if nested and word == "timeouts":
                blocks[word] = {"nesting": "single", "least": 0, "most": 0, **self.inside(nested[1])}
            elif nested and word in are_blocks:
                blocks[word] = {
                    "nesting": "set" if nested[3] == "true" else "list",
                    "least": int(required),
                    "most": 0 if nested[2] == "List" else 1,
                    **self.inside(nested[1]),
                }
            else:
                kind = self.nested_type(nested) if nested else simple_type(accessor)
                attributes[word] = {"type": kind, "computed": computed, "optional": optional, "required": required}
        return {"attributes": attributes, "blocks": blocks}

    def inside(self, stem):
        function = stem[0].lower() + stem[1:] + "ToHclTerraform"
        table = re.search(rf"^function {function}\(.*?^\}}", self.text, re.M | re.S)
        return self.shape(stem + "OutputReference", table)

    def nested_type(self, nested):
        whole = object_type(self.inside(nested[1]))
        return whole if nested[2] != "List" else ["set" if nested[3] == "true" else "list", whole]


def object_type(shape):
    members = {name: attribute["type"] for name, attribute in shape["attributes"].items()}
    members |= {name: ["list", object_type(block)] for name, block in shape["blocks"].items()}
    return ["object", members]


def simple_type(accessor):
    found = SIMPLE.search(accessor)
    kind = TYPES.get(found[1] or found[2], "dynamic") if found else "dynamic"
    is_set = re.search(r"Fn\.tolist\(this\.get(Number)?ListAttribute", accessor)
    return ["set", kind[1]] if is_set else kind
