package store

// SetBootID lets a file say which kernel it is, until the function that it returns is called.
func SetBootID(file string) func() {
	old := bootID
	bootID = file
	return func() { bootID = old }
}
