from tests.support.capital_fixtures import cell as cell
from tests.support.capital_fixtures import funded as funded
from tests.support.capital_fixtures import junior as junior
from tests.support.capital_fixtures import people as people
from tests.support.capital_fixtures import senior as senior
from tests.support.capital_fixtures import token as token
from tests.support.capital_fixtures import vaults as vaults
