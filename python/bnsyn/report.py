"""A simulation in words: rates, digest, and where the time went."""
from __future__ import annotations

from html import escape


def _rows(sim) -> list[tuple[str, str]]:
    report = sim.report()
    rows = [
        ("neurons", f"{report['neurons']:,}"),
        ("synapses", f"{report['synapses']:,}"),
        ("time", f"{sim.time} in {sim.step:,} steps of {sim.dt}"),
    ]
    rows += [(f"rate of {name}", f"{rate:.4g} Hz") for name, rate in sim.rates().items()]
    rows.append(("digest", sim.digest))
    cached = ", from the cache" if report["cache_hit"] else ""
    rows.append(("compiled in", f"{1e3 * report['compile_seconds']:.1f} ms{cached}"))
    rows.append(("synapses drawn in", f"{1e3 * report['construct_seconds']:.1f} ms"))
    if report["steps"]:
        rows.append(("ran in", f"{report['run_seconds']:.4g} s"))
    if report["cache_problem"]:
        rows.append(("cache", report["cache_problem"]))
    for coarse in report["coarse"]:
        rows.append((
            "rounded",
            f"{coarse['count']} contributions of {coarse['source']} to {coarse['input']}, by up to "
            f"{coarse['worst']:.2g} of themselves",
        ))
    return rows


def _kernels(sim) -> list[tuple[str, str, float]]:
    """Name, kind and seconds of each kernel that took time, the longest first."""
    kernels = [k for k in sim.report()["kernels"] if k[2] > 0]
    return sorted(kernels, key=lambda kernel: -kernel[2])


def as_text(sim) -> str:
    rows = _rows(sim)
    kernels = _kernels(sim)
    width = max([len(name) for name, _ in rows] + [len(name) + 2 for name, _, _ in kernels])
    lines = [f"<Simulation of {sim._network.name}>"]
    lines += [f"  {name:<{width}}  {value}" for name, value in rows]
    if kernels:
        lines.append("  time by kernel, of the first thread:")
        lines += [f"    {name:<{width - 2}}  {1e3 * s:.4g} ms, {kind}" for name, kind, s in kernels]
    return "\n".join(lines)


def as_html(sim) -> str:
    cell = "<td style='text-align:left'>"

    def row(*cells) -> str:
        return "<tr>" + "".join(f"{cell}{escape(str(c))}</td>" for c in cells) + "</tr>"

    html = [f"<b>Simulation of {escape(sim._network.name)}</b><table>"]
    html += [row(*entry) for entry in _rows(sim)]
    html.append("</table>")
    kernels = _kernels(sim)
    if kernels:
        html.append("<table><tr><th>kernel</th><th>kind</th><th>ms of the first thread</th></tr>")
        html += [row(name, kind, f"{1e3 * s:.4g}") for name, kind, s in kernels]
        html.append("</table>")
    return "".join(html)
