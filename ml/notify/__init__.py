"""What people are told, and how it reaches them.

`messages`   what is said: title, sentences, table, chart, link and short form, in one language
`rendering`  the same message as text, HTML, Slack blocks, short text and JSON, escaped for each
`audience`   who gets a message, by which channel and in which language; writes the letters into the outbox
`channels`   CHANNELS: what is set up, and how each sends
`deliver`    outbox -> channel, called by the scheduler
`churn_alerts` `purchase_predictions`  the two message jobs; `late_customers` the first without a usable signal, `cells` what both say alike
`experiments` the message at the end of a test
`runs`       what is said of trainings; `alerts` of what needs a person
"""
