"""What a price change does to sales, and what price to try. Pure functions on frames; guardrails come in as `Guardrails`.

- `lines`       sales lines with product, customer type, customer, day, quantity and unit price; which products are modelled
- `usual`       the usual unit price at ordinary quantities, and how it moved: only changes within a customer at an equal quantity count
- `panel`       product × customer type × week with its zero weeks, price index and controls
- `elasticity`  own-price elasticity: quasi-Poisson, controls by Ridge, the price itself not penalised, interval by bootstrap over weeks
- `trials`      what finished price tests found, and the elasticity of history and tests together
- `units`       units of the next 28 days per product
- `suggest`     a price inside the guardrails, or the reason why there is none
- `model`       `fit_prices`: all of it as one value that pickles
- `whatif`      `price_what_if` and `suggest_for`: a person's question about a price or an order

A quantity discount must not look like elasticity, nor must a big customer's lower personal price: both are differences between orders
or customers, and neither is a price change.
"""
