package trap

import "syscall"

// systemRows are numbers that other systems do not have.
var systemRows = []errnoRow{
	{syscall.ENONET, 10050},
}
