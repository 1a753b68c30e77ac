"""The explorer: the cohort table as a pivot in the browser, one page that loads nothing."""

from funnel.present.explorer.contents import Contents as Contents
from funnel.present.explorer.contents import Marked as Marked
from funnel.present.explorer.page import write_page as write_page
