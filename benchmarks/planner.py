"""How long the planner's solvers take: 500 layers with 6 choices each, under one limit and under two.

    python benchmarks/planner.py    (needs the extra `planner`; about a minute)

Each instance is a network of its own: costs over two decades, choices at 17 to 83 % of them, losses that fall with the
price and are noisy. Prints the median and the worst of the time that passed, and the median of the processor's time.
"""

from __future__ import annotations

import random
import statistics
import time

from convcost.planning.knapsack import Option, solve

LAYERS, CHOICES, INSTANCES = 500, 6, 10


def instance(seed: int, limits: int) -> tuple[list[list[Option]], list[int]]:
    generator = random.Random(seed)
    items = []
    for _ in range(LAYERS):
        whole = [int(10 ** generator.uniform(5, 7)) for _ in range(limits)]
        options = [Option(tuple(whole), 0.0)]
        for place in range(1, CHOICES):
            left = 1 - place / CHOICES
            costs = tuple(int(cost * left * generator.uniform(0.8, 1.2)) for cost in whole)
            options.append(Option(costs, (1 - left) * generator.uniform(0.5, 1.5) * whole[0] / 1e7))
        items.append(options)
    return items, [int(0.5 * sum(options[0].costs[place] for options in items)) for place in range(limits)]


def main() -> None:
    solve(*instance(0, 2))  # imports the solver
    print(f"{'limits':>6} {'median':>11} {'worst':>11} {'processor':>11}")
    for limits in (1, 2):
        walls, processors = [], []
        for seed in range(INSTANCES):
            items, most = instance(seed, limits)
            wall, processor = time.perf_counter(), time.process_time()
            assert solve(items, most) is not None
            walls.append(1000 * (time.perf_counter() - wall))
            processors.append(1000 * (time.process_time() - processor))
        middle = statistics.median(processors)
        print(f"{limits:>6} {statistics.median(walls):>8.0f} ms {max(walls):>8.0f} ms {middle:>8.0f} ms")


if __name__ == "__main__":
    main()
