"""Several organisations on one Afterpost: tenant isolation, audit and quota, through core's hooks alone."""
