"""What we write, and the only place besides `ml.source` with SQL. Every write that belongs together is one transaction.

- `schema`       all our tables; `migrations` how they came to be, run at start by `engine.open_store`
- `engine`       SQLite or Postgres behind one door: `open_store`, `begin_write`
- `releases`     stored models on disk, signed and verified; `pointers` says which of them is in service
- `predictions`  what was said, and how it turned out; `facts` what happened; `values` what people chose
- `runs`         the ledger of jobs: one run at a time, nothing lost when a process dies
- `outbox`       messages to people: written with what they tell of, sent later, once
- `users`, `sessions`, `tokens`, `audit`  people
"""
