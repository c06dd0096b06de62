"""What screens and routes read: plain functions (connection, …) -> plain frames and dataclasses, from the store alone.

`service`    which release is in service, what was read last, what runs and runs next
`demand`     the forecast by day and its totals, beside what came
`customers`  risk, value and next order of each customer; segments
`customer`   one customer: found, profile, outlook, orders, products, story
`next_orders` who may order in the coming week, and how late is too late
`business`   this month against others, the weeks behind, concentration, the largest places and accounts
`administration`  people, the values chosen and their last change, the steps of setting up
`operations`      scheduler, runs, audit, visits, sales by month
`messages`   what was said to people, and what came of every try; `activity` jobs, messages and people in one list
`record`     how well each model did, and its releases
"""
