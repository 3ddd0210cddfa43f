"""The retention office: what is due, holds, schedules and lists, as somebody.

What retention officers and approvers do through pages; every function takes the `Viewer`,
answers as if what it may not see were not there, and asks for the right to act.
"""
