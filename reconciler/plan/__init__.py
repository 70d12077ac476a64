"""All desired × all live → a plan, and the plans that are derived from one."""
