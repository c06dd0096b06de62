"""TERMS: the technical words of the screens, each explained in two sentences. The same words stand in docs/glossary.md."""

from collections.abc import Mapping

from ml.i18n import Translator, mark

TERMS: Mapping[str, str] = {
    "range": mark(
        "The range holds the true number in 8 of 10 cases. "
        "The wider it is, the less sure the forecast."
    ),
    "forecast error": mark(
        "How far past forecasts were off, as a share of what came. "
        "It is measured on months that the model had not seen."
    ),
    "service level": mark(
        "How often what you have is to last the week: 90 % means nine weeks of ten. "
        "A higher level means fewer weeks without bottles and more of them left over."
    ),
    "simple rule": mark(
        "What anybody could say without a model, such as “like the same weekday before”. "
        "A model is worth its keep only where it does better."
    ),
    "as of": mark(
        "The last complete day of the data. "
        "Everything on the screen is counted from that day, not from the clock."
    ),
    "risk of leaving": mark(
        "The probability that a customer orders nothing in the days that stand in the title. "
        "It says how sure the model is, not that it will happen."
    ),
    "money at risk": mark(
        "The probability of leaving times what the customer usually buys in that time. "
        "It ranks the calls: the same call is worth more where more can be lost."
    ),
    "expected profit": mark(
        "What a call earns on average: what a customer who is kept goes on buying × probability of leaving × margin × chance that the call "
        "helps, less the cost of the call. Costs, chances and days are set by your company."
    ),
    "cohort": mark(
        "The customers whose first order came in the same month, or the same quarter where few begin in a month. "
        "Each row says how many of them ordered again in each one after, so that newer and older customers can be compared."
    ),
    "explained spend": mark(
        "How much of the differences in what customers buy later is known from their group alone. "
        "Near 0 the groups say nothing of the future; more groups are better only while this grows."
    ),
    "own rhythm": mark(
        "The usual number of days between two orders of this customer. "
        "Forty days of silence mean little for one who orders every two months, and much for one who orders every week."
    ),
    "next order": mark(
        "The most likely day of the next order, if one comes within the days of the risk. "
        "In 8 of 10 such cases it comes between the two dates."
    ),
    "chance this week": mark(
        "The probability of an order within the next 7 days. "
        "It is made of how soon this customer's orders usually come and of how many orders are expected of all customers."
    ),
    "value of a year": mark(
        "What the customer is expected to buy in the next 12 months, the risk of leaving included. "
        "It is an average: a single customer may bring much more or nothing."
    ),
    "too late": mark(
        "Of all past silences of your customers, how many ended with an order in time, by how long they had lasted. "
        "Each customer has one vote, so that a few frequent ones do not decide."
    ),
    "win back": mark(
        "Customers who have been silent for more than twice the time in the title. "
        "They no longer count as customers at risk and are listed apart."
    ),
    "recency": mark(
        "Days since the last order. "
        "The fewer, the better."
    ),
    "frequency": mark(
        "Days with an order within the last 365 days. "
        "Several orders on one day count as one."
    ),
    "spend": mark(
        "What was bought within the last 365 days, as recorded by the company. "
        "Whether it is net or gross of VAT stands beside each figure."
    ),
    "concentration": mark(
        "The fewest customers who together bring at least half of the sales of the last year. "
        "The fewer they are, the more each of them matters."
    ),
    "same days": mark(
        "This month so far against the same days of the other month: from the first to today's date. "
        "Weekdays differ between months, so small changes mean little."
    ),
    "visits": mark(
        "Different people who signed in, were here last, or did something on a day. "
        "Mere reading within a session of several days is not kept, so this is the least."
    ),
    "version": mark(
        "Models are trained again every month; each training is a version that is kept. "
        "A new version goes into service only if it does not do clearly worse."
    ),
    "gate": mark(
        "Before a new version serves, it is held against the one in service on the same past days, and its answers are checked. "
        "What looks too good or lies far from before waits for a person."
    ),
    "months in service": mark(
        "Each prediction is kept, and the truth is put beside it once it is known. "
        "So this is what the model really did, not what its checks promised."
    ),
    "drift": mark(
        "How much the newest weeks differ from the time the models learnt from, beyond chance. "
        "A large change means that the models know little about today, and that training again may help."
    ),
    "MASE": mark(
        "Mean error divided by the error of “like the same weekday before”. "
        "Below 1 the model is better than that rule."
    ),
    "WAPE": mark(
        "The sum of all errors divided by the sum of what came. "
        "9 % means: off by 9 pesos for every 100."
    ),
    "coverage": mark(
        "The share of true numbers that fell within the range. "
        "A range of 80 % should hold about 80 of 100."
    ),
    "AUC": mark(
        "Of one customer who left and one who stayed, how often the model gave the first the higher risk. "
        "50 % is chance, 100 % would be too good to be true."
    ),
    "Brier": mark(
        "Mean squared distance between the probability and what happened. "
        "Lower is better; always saying 50 % gives 0.25."
    ),
    "ECE": mark(
        "How far the probabilities are from what happened, on average. "
        "0.03 means: where the model says 40 %, about 37 to 43 of 100 leave."
    ),
    "eta squared": mark(
        "The share of the differences in future spend that the groups explain. "
        "0 means the groups say nothing, 1 that they say everything."
    ),
    "bias": mark(
        "Whether the model says too much or too little on the whole, as a share of what came. "
        "Above zero is too much."
    ),
    "price effect": mark(
        "How many units more or fewer are sold when only the price changes, read from past changes of price. "
        "In 8 of 10 cases the truth lies between the two numbers."
    ),
    "price limits": mark(
        "A suggested price stays within the change your company allows, and above its minimum margin where the purchase cost is known. "
        "Both are set on Settings."
    ),
    "calculated or learnt": mark(
        "Calculated: from distances, stops and your rates alone. "
        "Learnt: corrected by what past tours really cost, because that was closer to the truth."
    ),
    "experiment": mark(
        "Customers are split by a draw; one half gets the new thing, the other goes on as before. "
        "Only such a draw tells what the new thing does from what would have come anyway."
    ),
    "range of looks": mark(
        "The range in which the true effect lies in 19 of 20 tests, wide enough to be read at every planned look. "
        "Reading on other days would find effects that are not there."
    ),
    "novelty": mark(
        "The effect of each week by itself, with its range. "
        "An effect that fades from week to week was the charm of the new, and will not last."
    ),
    "segments of a test": mark(
        "The effect within each type of customer and commune, read only at the end. "
        "Of many segments one always looks good by chance; the probability beside each allows for that."
    ),
    "MAE": mark(
        "The mean distance between forecast and fact, in the unit of the forecast. "
        "Lower is better."
    ),
}  # fmt: skip


def term(t: Translator, name: str) -> str:
    """The two sentences for a technical word; KeyError for one that is not in TERMS."""
    return t(TERMS[name])
