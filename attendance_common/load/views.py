"""The views over the tables, in the order in which the setup file creates them (`make sql`).

A new view is one declaration (`attendance_common.load.view`), listed here after the views that it reads.
"""

from __future__ import annotations

from attendance_common.load.api_names_view import API_NAMES
from attendance_common.load.attendance_views import ATTENDANCE_VIEWS
from attendance_common.load.history_views import HISTORY_VIEWS
from attendance_common.load.school_days import SCHOOL_DAY_VIEWS
from attendance_common.load.view import View

# In the order in which they are created.
VIEWS: tuple[View, ...] = (*SCHOOL_DAY_VIEWS, *ATTENDANCE_VIEWS, *HISTORY_VIEWS, API_NAMES)
