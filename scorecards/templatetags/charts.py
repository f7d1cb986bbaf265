"""Charts for templates: {% load charts %}."""

from django import template

from scorecards import charts

register = template.Library()

for chart in (
    charts.mark_dots,
    charts.mark_scale,
    charts.moved_bar,
    charts.progress_bar,
    charts.trend_chart,
    charts.weight_bar,
    charts.whisker,
):
    register.simple_tag(chart)
