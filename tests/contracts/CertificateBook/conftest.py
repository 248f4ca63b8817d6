from tests.support.facility_fixtures import series as series
from tests.support.facility_fixtures import world as world
