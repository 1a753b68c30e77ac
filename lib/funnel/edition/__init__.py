"""One report date and everything it needs, computed once.

`compute.compute` asks the warehouse and the methods; notebooks and commands then ask the `model.Edition`,
which knows no engine. `Edition.save` and `model.load_edition` hand it from `funnel report` to the notebooks,
which import no more than they need: that is why nothing is imported here.
"""
