#!/usr/bin/env python3
"""Check what the compiler cannot: who includes whom, how long things are, and what is left undone.

    tools/tidy.py [--root DIR]

Prints one line "file:line: message" for each finding and ends with 1 if there is any. It reads
text, it does not parse C: comments and literals are blanked out, then braces are counted.
"""

import argparse
import ast
import re
import sys
from pathlib import Path

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70
PARAMETERS_MAX = 6
NESTING_MAX = 4

# Which folders of src a folder may include, besides itself. Nothing points back up.
INCLUDES = {
    "base": "",
    "json": "base",
    "expr": "base json",
    "model": "base json expr",
    "compile": "base json expr model crypto",
    "core": "base json expr model",
    "verify": "base json expr model core",
    "codec": "base json model crypto",
    "engine": "base json expr model core codec compile crypto",
    "adapter": "base model engine",
    "registry": "base json codec engine",
    "http": "base",
    "sim": "base json expr model compile core codec engine",
    "crypto": "base",
    "console": "base json model codec http",
    "app": "base json expr model compile core codec engine adapter registry sim crypto http console "
           "verify",
}

# Third-party headers, by their beginning, and the one folder that includes them.
THIRD_PARTY = {
    "yaml.h": "compile",
    "avro.h": "codec",
    "avro/": "codec",
    "librdkafka/": "adapter",
    "hiredis/": "adapter",
    "curl/": "registry",
    "openssl/": "crypto",
    "sqlite3.h": "console",
    "microhttpd.h": "http",
}

# The headers of C and POSIX. One that is missing here is added here, on purpose.
LIBC = set("""
assert.h complex.h ctype.h errno.h fenv.h float.h inttypes.h iso646.h limits.h locale.h math.h
setjmp.h signal.h stdalign.h stdarg.h stdatomic.h stdbool.h stddef.h stdint.h stdio.h stdlib.h
stdnoreturn.h string.h strings.h time.h uchar.h wchar.h wctype.h
dirent.h dlfcn.h fcntl.h fnmatch.h getopt.h glob.h libgen.h netdb.h poll.h pthread.h pwd.h regex.h
sched.h semaphore.h spawn.h syslog.h termios.h unistd.h endian.h byteswap.h
""".split())
LIBC_FOLDERS = ("sys/", "netinet/", "arpa/", "linux/")

# Functions whose parameters a library fixes: libmicrohttpd's handler of requests.
GIVEN_SIGNATURES = {"on_request", "on_request_sent"}

INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]')
LEFT_OVER = re.compile(r"\b(TODO|FIXME|XXX)\b(?!\s*\(?#\d)")
SLEEP = re.compile(r"\b(?:sleep|usleep|nanosleep|clock_nanosleep)\s*\(|\btime\.sleep\b")
TYPEDEF = re.compile(r"\btypedef\s+(?:struct|union|enum)\b[^;({]*[;{]")
LITERAL = re.compile(r"""/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.S)
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n\\]|\\.|\\\n)*", re.M)
CONTROL = re.compile(r"\b(?:if|for|while|switch)\s*$")


def blank(match):
    """Spaces for a comment or a literal, with the line breaks kept."""
    return re.sub(r"[^\n]", " ", match.group())


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def included_folder(source, quote, name):
    """(kind, folder) of an include: kind is "own", "libc", "third", or "unknown"."""
    if quote == '"':
        folder, slash, _ = name.partition("/")
        if slash and folder in INCLUDES:
            return "own", folder
        return ("own", source.parent.name) if not slash else ("unknown", "")
    for beginning, folder in THIRD_PARTY.items():
        if name.startswith(beginning):
            return "third", folder
    return ("libc", "") if name in LIBC or name.startswith(LIBC_FOLDERS) else ("unknown", "")


def check_includes(source, lines):
    """`source` is src/<folder>/<file>, or in a folder of that one."""
    here = source.parts[1]
    if here not in INCLUDES:
        yield 1, f"folder 'src/{here}' is not in the table of tools/tidy.py"
        return
    allowed = {here, *INCLUDES[here].split()}
    for number, line in enumerate(lines, 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        quote, name = match.groups()
        kind, folder = included_folder(source, quote, name)
        if kind == "own" and folder not in allowed:
            yield number, f"src/{here} may not include src/{folder} ('{name}')"
        elif kind == "third" and folder != here:
            yield number, f"src/{here} may not include '{name}': only src/{folder} does"
        elif kind == "unknown":
            yield number, f"unknown header '{name}': give its folder, or enter it in tools/tidy.py"


def closing(text, position, pair):
    """Position of the bracket that closes the one at `position`, or the end of the text."""
    depth = 0
    for match in re.compile("[" + re.escape(pair) + "]").finditer(text, position):
        depth += 1 if match.group() == pair[0] else -1
        if depth == 0:
            return match.start()
    return len(text)


def opening(text, position):
    """Position of the '(' which the ')' at `position` closes, or -1."""
    depth = 0
    for at in range(position, -1, -1):
        depth += {")": 1, "(": -1}.get(text[at], 0)
        if depth == 0:
            return at
    return -1


def parameter_count(inside):
    """How many parameters stand between the parentheses of a declaration.

    Not counted are the object of a port and the place for an error: they frame every call.
    """
    inside = re.sub(r"^\s*void \*self\s*,|,\s*struct error \*err\s*$", "", inside)
    depth, count = 0, 1
    for character in inside:
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(character, 0)
        count += character == "," and depth == 0
    return 0 if inside.strip() in ("", "void", "void *self", "struct error *err") else count


def functions(text):
    """(start, body, end) of each function: of its first word, its '{' and its '}'."""
    position = 0
    while (body := text.find("{", position)) >= 0:
        end = closing(text, body, "{}")
        head = text[position:body].rstrip()
        if head.endswith(")"):
            start = max(head.rfind(";"), head.rfind("}")) + 1
            start += len(head[start:]) - len(head[start:].lstrip())
            yield position + start, body, end
        position = end + 1


def control_depth(text, body, end):
    """(depth, position) of the deepest block of if, for, while, switch, else or do."""
    stack, deepest = [], (0, body)
    for match in re.compile(r"[{}]").finditer(text, body + 1, end):
        if match.group() == "}":
            if stack:
                stack.pop()
            continue
        before = text[body:match.start()].rstrip()
        is_control = bool(re.search(r"\b(?:else|do)$", before))
        if before.endswith(")"):
            paren = opening(text, body + len(before) - 1)
            is_control = bool(CONTROL.search(text[body:paren]))
        stack.append(is_control)
        deepest = max(deepest, (sum(stack), match.start()), key=lambda item: item[0])
    return deepest


def check_functions(text):
    """Length, nesting and directives of the functions of a C file whose literals are blank."""
    code = DIRECTIVE.sub(blank, text)
    for start, body, end in functions(code):
        number, last = line_of(code, start), line_of(code, end)
        if last - number + 1 > FUNCTION_LINES_MAX:
            yield number, f"function of {last - number + 1} lines, more than {FUNCTION_LINES_MAX}"
        depth, where = control_depth(code, body, end)
        if depth > NESTING_MAX:
            yield line_of(code, where), f"nesting of {depth}, more than {NESTING_MAX}"
        for match in re.compile(r"^\s*#\s*if", re.M).finditer(text, body, end):
            yield line_of(text, match.end()), "#if inside a function"


def check_parameters(text):
    """Of definitions, prototypes and function pointers: a list that ';' or '{' follows."""
    code = DIRECTIVE.sub(blank, text)
    bodies = [(body, end) for _, body, end in functions(code)]
    for match in re.compile(r"(?:\b[a-zA-Z_]\w*|\*\s*\w+\s*\))\s*(\()").finditer(code):
        begin = match.start(1)
        if any(body < begin < end for body, end in bodies):
            continue
        end = closing(code, begin, "()")
        count = parameter_count(code[begin + 1:end])
        if match.group().rstrip(" (") in GIVEN_SIGNATURES:
            continue
        if count > PARAMETERS_MAX and re.match(r"\s*[;{]", code[end + 1:]):
            yield line_of(code, begin), f"{count} parameters, more than {PARAMETERS_MAX}"


def check_c(relative, raw, lines):
    text = LITERAL.sub(blank, raw)
    if relative.parts[0] == "src" and len(relative.parts) > 2:
        yield from check_includes(relative, lines)
    for match in TYPEDEF.finditer(text):
        yield line_of(text, match.start()), "typedef of a struct, union or enum"
    yield from check_functions(text)
    yield from check_parameters(text)


def check_python(raw):
    for node in ast.walk(ast.parse(raw)):
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        count = node.end_lineno - node.lineno + 1
        if count > FUNCTION_LINES_MAX:
            yield node.lineno, f"function of {count} lines, more than {FUNCTION_LINES_MAX}"
        names = [a.arg for a in node.args.posonlyargs + node.args.args + node.args.kwonlyargs]
        count = len([name for name in names if name not in ("self", "cls")])
        if count > PARAMETERS_MAX:
            yield node.lineno, f"{count} parameters, more than {PARAMETERS_MAX}"


def check_file(root, path):
    """Every finding of one file, as (line, message)."""
    relative = path.relative_to(root)
    raw = path.read_text(encoding="utf-8", errors="replace")
    lines = raw.splitlines()
    if len(lines) > FILE_LINES_MAX and relative.parts[0] in ("src", "tests"):
        yield len(lines), f"file of {len(lines)} lines, more than {FILE_LINES_MAX}"
    for number, line in enumerate(lines, 1):
        if LEFT_OVER.search(line) and relative.parts[0] != "tools":
            yield number, "left undone without an issue number: TODO(#12)"
        if relative.parts[0] == "tests" and relative.name != "wait.py" and SLEEP.search(line):
            yield number, "a test waits for a condition with a deadline, it does not sleep"
    if path.suffix == ".py":
        yield from check_python(raw)
    elif path.suffix in (".c", ".h"):
        yield from check_c(relative, raw, lines)


def files(root):
    for folder in ("src", "tests", "tools", "ops"):
        for path in sorted((root / folder).rglob("*")):
            wanted = path.suffix in (".c", ".h", ".py", ".sh", ".cmake", "")
            if wanted and path.is_file() and "__pycache__" not in path.parts:
                yield path


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent)
    root = parser.parse_args(arguments).root.resolve()
    findings = 0
    for path in files(root):
        for line, message in sorted(check_file(root, path)):
            print(f"{path.relative_to(root)}:{line}: {message}")
            findings += 1
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
