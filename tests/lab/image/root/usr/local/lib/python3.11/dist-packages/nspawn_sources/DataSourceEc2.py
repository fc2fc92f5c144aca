"""cloud-init's own data source, told that this is EC2: it goes by the firmware, which a container does not show."""

from cloudinit import sources
from cloudinit.sources import DataSourceEc2 as original


class DataSourceEc2(original.DataSourceEc2):
    def _get_cloud_name(self):
        return original.CloudNames.AWS


def get_datasource_list(depends):
    """Only with a network that is up: the other form of it asks for an address by DHCP."""
    needed = (sources.DEP_FILESYSTEM, sources.DEP_NETWORK)
    return sources.list_from_depends(depends, [(DataSourceEc2, needed)])
