"""What a tour costs and what one more delivery adds to it. Pure functions on frames; money and speeds come in as `Rates`.

- `distance`   great-circle kilometres and the depot in use
- `geometry`   where the deliveries of a day lie: mean distance from the depot, area, spacing
- `physics`    kilometres, hours and cost of a tour from stops and geometry: the formula that needs no history
- `learning`   a random forest on what the formula leaves over, kept only where it beats the formula out of time
- `model`      `fit_routes`: the formula with what was learnt, as one value that pickles
- `delivery`   `estimate_delivery`: one stop's share of a tour, for what-ifs

A tour's own kilometres, hours and cost are known only when it has ended: they are the target and never an input.
"""
