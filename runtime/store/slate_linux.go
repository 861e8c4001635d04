package store

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// local are the file systems (statfs(2)) whose files no other kernel writes to.
var local = map[uint32]bool{
	unix.EXT4_SUPER_MAGIC:      true, // ext2 and ext3, too
	unix.XFS_SUPER_MAGIC:       true,
	unix.BTRFS_SUPER_MAGIC:     true,
	0x2fc12fc1:                 true, // ZFS
	unix.F2FS_SUPER_MAGIC:      true,
	unix.TMPFS_MAGIC:           true,
	unix.OVERLAYFS_SUPER_MAGIC: true,
}

// bootID is where the kernel says which one it is (random(4)).
var bootID = "/proc/sys/kernel/random/boot_id"

// identity names a file, since it was made, and the kernel that has it. "": that cannot be told.
func identity(f *os.File) string {
	boot, err := os.ReadFile(bootID)
	id := strings.TrimSpace(string(boot))
	var fs unix.Statfs_t
	var x unix.Statx_t
	if err != nil || id == "" || unix.Fstatfs(int(f.Fd()), &fs) != nil || !local[uint32(fs.Type)] ||
		unix.Statx(int(f.Fd()), "", unix.AT_EMPTY_PATH, unix.STATX_INO|unix.STATX_BTIME, &x) != nil {
		return ""
	}
	return fmt.Sprintf("tenon slate 1\nboot %s\nfile %d:%d %d made %d.%09d\n", id, x.Dev_major, x.Dev_minor, x.Ino, x.Btime.Sec, x.Btime.Nsec)
}
